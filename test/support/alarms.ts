import type { PodProcess } from '@agenda/pod/pod-process';
import { READY_MS } from './cluster.ts';
import { until } from './until.ts';

/** It stands in the pod's health and in its metrics, both. @returns its message */
export function untilAlarm(pod: PodProcess, code: string, about = /./): Promise<string> {
  const line = new RegExp(`^agenda_raft_alarm\\{[^}]*code="${code}"[^}]*\\} 1$`, 'm');
  return until(`the alarm ${code} on ${pod.nodeId}`, READY_MS, async () => {
    const { alarms = [] } = (await pod.raftHealth()) ?? {};
    const alarm = alarms.find((one) => one.code === code && about.test(one.message));
    if (!alarm) return undefined;
    const metrics = await (await fetch(`${pod.url}/metrics`)).text();
    return line.test(metrics) ? alarm.message : undefined;
  });
}
