/** The two methods of the gRPC floor. */
export const ECHO_UNARY = '/bench.Echo/Unary';
export const ECHO_WATCH = '/bench.Echo/Watch';
