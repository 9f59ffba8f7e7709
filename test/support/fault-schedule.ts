/** Faults by chance, for `make torture`: what to do to whom, for how long, and how it ends. */
import type { PodProcess } from '@agenda/pod/pod-process';
import type { LinkState } from './fault-proxy.ts';
import type { FaultyCluster } from './faulty-cluster.ts';
import type { SmallDisk } from './small-disk.ts';

const FAULT_MS_MIN = 300;
const FAULT_MS_MAX = 6_000;
const DELAY_MS_MAX = 150;
/** Far more than the 30 s by which a signature may be off, and less than a token lives. */
const CLOCK_SHIFT_MS_MAX = 120_000;
const SERVICES = ['api-gateway', 'agenda', 'raft-sidecar', 'audit'] as const;

export interface FaultContext {
  readonly test: FaultyCluster;
  /** In [0, bound). */
  readonly random: (bound: number) => number;
  /** The pods that this fault has for itself. */
  readonly victims: readonly PodProcess[];
  readonly log: (what: string) => void;
}

/** Ends with its victims running and reachable again, though perhaps not ready yet. */
type Fault = (context: FaultContext) => Promise<void>;

/** May strike together: each has victims of its own, a minority in all. */
const SHARED: readonly Fault[] = [killed, frozen, stopped, crashedProcess, cutOff, unheard, slow, clockSet];
/** The same, where pods have disks of their own. */
const DISKS: readonly Fault[] = [diskFull, diskStalled, diskFailed];
/** Need the rest of the cluster to be well. */
const ALONE: readonly Fault[] = [wiped, scaled, killedAll, split];

/** One or two faults, from begin to end. */
export async function strike(context: Omit<FaultContext, 'victims'>): Promise<void> {
  const { test, random } = context;
  const pods = shuffled(test.pods, random);
  const minority = Math.floor((pods.length - 1) / 2);
  const first = 1 + random(minority);
  if (random(4) === 0) {
    await pick(ALONE, random)({ ...context, victims: pods.slice(0, first) });
    await test.waitAllServe();
    return;
  }
  const shared = test.disks.size > 0 ? [...SHARED, ...DISKS] : SHARED;
  const faults = [pick(shared, random)({ ...context, victims: pods.slice(0, first) })];
  if (first < minority)
    faults.push(pick(shared, random)({ ...context, victims: pods.slice(first, minority) }));
  await Promise.all(faults);
  test.revive();
}

async function killed({ victims, log, random }: FaultContext): Promise<void> {
  log(`kill ${names(victims)}`);
  await Promise.all(victims.map((pod) => pod.kill()));
  await aWhile(random);
  for (const pod of victims) pod.start();
}

async function frozen({ victims, log, random }: FaultContext): Promise<void> {
  log(`freeze ${names(victims)}`);
  for (const pod of victims) pod.signal('SIGSTOP');
  await aWhile(random);
  for (const pod of victims) pod.signal('SIGCONT');
}

async function stopped({ victims, log, random }: FaultContext): Promise<void> {
  log(`stop ${names(victims)}`);
  await Promise.all(victims.map((pod) => pod.stop()));
  await aWhile(random);
  for (const pod of victims) pod.start();
}

async function crashedProcess({ victims, log, random }: FaultContext): Promise<void> {
  const service = pick(SERVICES, random);
  const struck = victims.filter((pod) => pod.pids.has(service));
  log(`kill the ${service} of ${names(struck)}`);
  for (const pod of struck) pod.signalProcess(service, 'SIGKILL');
  await aWhile(random);
}

async function cutOff(context: FaultContext): Promise<void> {
  const { test, victims, log, random } = context;
  const state = pick<LinkState>(['cut', 'black'], random);
  log(`${state === 'cut' ? 'cut' : 'black out'} ${names(victims)} from the others`);
  const groups = [victims, test.others(...victims)].map((group) => group.map(({ nodeId }) => nodeId));
  test.network.partition(state, ...groups);
  await aWhile(random);
  test.network.partition('open', ...groups);
}

/** In one direction only. */
async function unheard({ test, victims, log, random }: FaultContext): Promise<void> {
  const [mute, deaf] = [random(2) === 0, random(2) === 0];
  log(`${mute ? 'mute' : 'deaf'}${deaf ? ', towards some' : ''}: ${names(victims)}`);
  const set = (state: LinkState): void => {
    for (const { nodeId } of victims)
      for (const [at, other] of test.others(...victims).entries()) {
        if (deaf && at === 0) continue;
        if (mute) test.network.set(nodeId, other.nodeId, state);
        else test.network.set(other.nodeId, nodeId, state);
      }
  };
  set('black');
  await aWhile(random);
  set('open');
}

async function slow({ test, victims, log, random }: FaultContext): Promise<void> {
  const delayMs = 1 + random(DELAY_MS_MAX);
  log(`${delayMs} ms between ${names(victims)} and the others`);
  const groups = [victims, test.others(...victims)].map((group) => group.map(({ nodeId }) => nodeId));
  test.network.partition({ delayMs }, ...groups);
  await aWhile(random);
  test.network.partition('open', ...groups);
}

/** Each by another bound, to one side or the other. */
async function clockSet({ test, victims, log, random }: FaultContext): Promise<void> {
  for (const pod of victims) {
    const shiftMs = random(2 * CLOCK_SHIFT_MS_MAX) - CLOCK_SHIFT_MS_MAX;
    log(`set the clock of ${pod.nodeId} ${Math.abs(shiftMs)} ms ${shiftMs < 0 ? 'back' : 'ahead'}`);
    test.shiftClock(pod, shiftMs);
  }
  await aWhile(random);
  for (const pod of victims) test.shiftClock(pod, 0);
}

async function wiped({ test, victims, log, random }: FaultContext): Promise<void> {
  await wholeAgain(test);
  log(`wipe ${names(victims)}`);
  for (const pod of victims) await test.wipe(pod);
  await aWhile(random);
  for (const pod of victims) pod.start();
  await wholeAgain(test);
}

/** Down in order or at once, until they are no members any more; and up again. */
async function scaled({ test, victims, log, random }: FaultContext): Promise<void> {
  await wholeAgain(test);
  const inOrder = random(2) === 0;
  log(`scale down, by ${inOrder ? 'stopping' : 'killing'} ${names(victims)}`);
  await Promise.all(victims.map((pod) => (inOrder ? pod.stop() : pod.kill())));
  await test.waitMembers(test.others(...victims));
  log('scale up again');
  for (const pod of victims) pod.start();
  await wholeAgain(test);
}

async function diskFull(context: FaultContext): Promise<void> {
  context.log(`fill the disks of ${names(context.victims)}`);
  const ballasts = disksOf(context).map((disk) => disk.fill());
  await aWhile(context.random);
  for (const ballast of ballasts) ballast.free();
}

async function diskStalled(context: FaultContext): Promise<void> {
  context.log(`let the disks of ${names(context.victims)} stand still`);
  const frozen = await Promise.all(disksOf(context).map((disk) => disk.freeze()));
  await aWhile(context.random);
  await Promise.all(frozen.map((one) => one.thaw()));
}

async function diskFailed(context: FaultContext): Promise<void> {
  const { victims, log, random } = context;
  log(`let the disks of ${names(victims)} fail`);
  for (const disk of disksOf(context)) disk.fail();
  await aWhile(random);
  await Promise.all(victims.map((pod) => pod.kill()));
  await Promise.all(disksOf(context).map((disk) => disk.replug()));
  for (const pod of victims) pod.start();
}

function disksOf({ test, victims }: FaultContext): SmallDisk[] {
  return victims.flatMap((pod) => test.disks.get(pod) ?? []);
}

async function killedAll({ test, log, random }: FaultContext): Promise<void> {
  log('kill all');
  await test.cluster.kill();
  await aWhile(random);
  test.cluster.start();
}

/** Nobody may have a majority. */
async function split({ test, log, random }: FaultContext): Promise<void> {
  const pods = shuffled(test.pods, random).map(({ nodeId }) => nodeId);
  const third = Math.ceil(pods.length / 3);
  const groups = [pods.slice(0, third), pods.slice(third, 2 * third), pods.slice(2 * third)];
  log(`split into ${groups.map((group) => group.join(' ')).join(' | ')}`);
  test.network.partition(pick<LinkState>(['cut', 'black'], random), ...groups);
  await aWhile(random);
  test.network.heal();
}

async function wholeAgain(test: FaultyCluster): Promise<void> {
  await test.waitAllServe();
  await test.waitMembers(test.pods);
}

function aWhile(random: FaultContext['random']): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, FAULT_MS_MIN + random(FAULT_MS_MAX - FAULT_MS_MIN)));
}

function names(pods: readonly PodProcess[]): string {
  return pods.map(({ nodeId }) => nodeId).join(', ');
}

function pick<T>(items: readonly T[], random: FaultContext['random']): T {
  return items[random(items.length)] as T;
}

function shuffled<T>(items: readonly T[], random: FaultContext['random']): T[] {
  const left = [...items];
  return items.map(() => left.splice(random(left.length), 1)[0] as T);
}
