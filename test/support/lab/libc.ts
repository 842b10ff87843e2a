/** The C library's calls for sockets in a network namespace of one's choice; they act on the calling thread. */
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';

/** Not among the errors that node names. */
const EINPROGRESS = 115;

/** A call that failed with the errno named `code`. */
export class CallFailed extends Error {
  readonly code: string;

  constructor(call: string, errno: number) {
    const code = errno === EINPROGRESS ? 'EINPROGRESS' : getSystemErrorName(-errno);
    super(`${call}: ${code}`);
    this.name = 'CallFailed';
    this.code = code;
  }
}

const library = koffi.load(null);

/** As the C function, with what it returns; throws CallFailed where C returns -1. */
function bind(declaration: string): (...args: unknown[]) => number {
  const call = library.func(declaration);
  return (...args) => {
    const result = Number(call(...args));
    if (result === -1) throw new CallFailed(/(\w+)\(/.exec(declaration)?.[1] ?? declaration, koffi.errno());
    return result;
  };
}

export const libc = {
  setns: bind('int setns(int, int)'),
  socket: bind('int socket(int, int, int)'),
  setsockopt: bind('int setsockopt(int, int, int, const void *, unsigned int)'),
  getsockopt: bind('int getsockopt(int, int, int, _Out_ void *, _Inout_ unsigned int *)'),
  bind: bind('int bind(int, const void *, unsigned int)'),
  listen: bind('int listen(int, int)'),
  connect: bind('int connect(int, const void *, unsigned int)'),
  accept4: bind('int accept4(int, void *, void *, int)'),
  recvfrom: bind(
    'long recvfrom(int, _Out_ void *, unsigned long, int, _Out_ void *, _Inout_ unsigned int *)',
  ),
  close: bind('int close(int)'),
};
