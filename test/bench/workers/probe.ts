/** A client that asks for one resource at fixed times, whether or not the answers before have come. */
import { Agent, get } from 'node:http';
import { serveCalls } from '../worker.js';

export interface ProbeCalls {
  start(options: { port: number; path: string; token: string; intervalMs: number }): void;
  /** Milliseconds of each request, from when it was due. Resolves when the last is answered; rejects when one failed. */
  stop(): Promise<number[]>;
}

const agent = new Agent({ keepAlive: true });
const answers: Promise<number>[] = [];
let timer: NodeJS.Timeout | undefined;

serveCalls<ProbeCalls>({
  start({ port, path, token, intervalMs }) {
    const headers = { authorization: `Bearer ${token}` };
    const began = performance.now();
    let count = 0;
    timer = setInterval(() => {
      // Requests that this process is late for are sent now, and are late.
      for (; began + (count + 1) * intervalMs <= performance.now(); count += 1) {
        const answer = ask({ port, path, headers }, began + (count + 1) * intervalMs);
        answer.catch(() => {});
        answers.push(answer);
      }
    }, intervalMs);
  },
  stop() {
    clearInterval(timer);
    return Promise.all(answers.splice(0));
  },
});

function ask(
  request: { port: number; path: string; headers: Record<string, string> },
  dueAt: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', agent, ...request }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`GET was answered ${response.statusCode}`));
      response.resume().on('end', () => resolve(performance.now() - dueAt));
    }).on('error', reject);
  });
}
