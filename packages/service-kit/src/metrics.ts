/** One Prometheus registry per process, every metric prefixed `agenda_`. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const PREFIX = 'agenda_';
const LATENCY_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export interface Metrics {
  readonly registry: Registry;
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  gauge<L extends string = never>(name: string, help: string, labels?: readonly L[]): Gauge<L>;
  /** Of seconds. */
  histogram<L extends string = never>(name: string, help: string, labels?: readonly L[]): Histogram<L>;
}

/** @param component becomes a label of every metric. */
export function createMetrics(component: string, nodeId: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ component, node: nodeId });
  collectDefaultMetrics({ register: registry, prefix: PREFIX });
  const registers = [registry];
  return {
    registry,
    counter: (name, help, labels) =>
      new Counter({ name: PREFIX + name, help, labelNames: labels ?? [], registers }),
    gauge: (name, help, labels) =>
      new Gauge({ name: PREFIX + name, help, labelNames: labels ?? [], registers }),
    histogram: (name, help, labels) =>
      new Histogram({
        name: PREFIX + name,
        help,
        labelNames: labels ?? [],
        buckets: LATENCY_BUCKETS_SECONDS,
        registers,
      }),
  };
}
