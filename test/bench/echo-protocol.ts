/** The two methods of the gRPC floor. */
export const ECHO_UNARY = '/bench.Echo/Unary';
export const ECHO_WATCH = '/bench.Echo/Watch';

/** First byte of a WatchResponse with an event, of lvsd's as of the floor's: whatever else comes on the stream is none. */
export const EVENT_TAG = 0x0a;
