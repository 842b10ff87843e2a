/** What lvsd measures of itself, for Prometheus. Labels have few values each: no resource, client or token is named. */
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { Reconciliation } from '../domain/schema/director.js';

/** One answered call of either API. */
export interface MeasuredCall {
  readonly transport: 'rest' | 'grpc';
  /** operationId, or gRPC method with its first letter lowered; "" where the call was for nothing that there is. */
  readonly operation: string;
  /** HTTP status or name of the gRPC status. */
  readonly code: string;
  readonly seconds: number;
}

export interface Metrics {
  /** Gauges of others belong here too. */
  readonly registry: Registry;
  observeCall(call: MeasuredCall): void;
  observeReconciliation(director: string, reconciliation: Reconciliation): void;
  /** `result` is "ok" or the name of an errno. */
  observeKernelOperations(command: string, result: string, count: number): void;
  /** A request to the driver as a whole: a read, or a batch of operations. */
  observeKernelRequest(request: string, seconds: number): void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const calls = new Histogram({
    name: 'lvsd_call_duration_seconds',
    help: 'Time from a call to its answer. A stream is over when it ends.',
    labelNames: ['transport', 'operation', 'code'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers,
  });
  const reconciliations = new Counter({
    name: 'lvsd_reconciliations_total',
    help: 'Passes over the whole table.',
    labelNames: ['director', 'trigger', 'outcome'],
    registers,
  });
  const drift = new Counter({
    name: 'lvsd_drift_total',
    help: 'Differences between kernel and definition that passes found.',
    labelNames: ['director'],
    registers,
  });
  const operations = new Counter({
    name: 'lvsd_kernel_operations_total',
    help: 'Operations that the kernel answered.',
    labelNames: ['command', 'result'],
    registers,
  });
  const requests = new Histogram({
    name: 'lvsd_kernel_request_duration_seconds',
    help: 'Time of one request to the driver: a read, or a batch of operations.',
    labelNames: ['request'],
    buckets: [0.0001, 0.001, 0.01, 0.1, 1, 10],
    registers,
  });
  return {
    registry,
    observeCall: ({ seconds, ...labels }) => calls.observe(labels, seconds),
    observeReconciliation(director, { trigger, outcome, drift: found }) {
      reconciliations.inc({ director, trigger, outcome });
      drift.inc({ director }, found);
    },
    observeKernelOperations: (command, result, count) => operations.inc({ command, result }, count),
    observeKernelRequest: (request, seconds) => requests.observe({ request }, seconds),
  };
}
