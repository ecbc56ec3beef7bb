import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** Every metric there is. Labels are few and bounded: names from the configuration and words of this code, never a person or an id. */
export const createMetrics = () => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name, help, labelNames, registers })
  const seconds = <L extends string>(name: string, help: string, labelNames: L[], buckets: number[]) =>
    new Histogram({ name, help, labelNames, buckets, registers })

  /** Asked at every scrape. */
  const ask: { notifications: () => Readonly<Record<string, number>>; partitions: () => Readonly<Record<string, number>> } = {
    notifications: () => ({}),
    partitions: () => ({}),
  }
  const asked = (name: string, help: string, source: keyof typeof ask) =>
    new Gauge({
      name,
      help,
      labelNames: ['state'],
      registers,
      collect() {
        this.reset()
        for (const [state, count] of Object.entries(ask[source]())) this.set({ state }, count)
      },
    })
  asked('tsuchi_notifications', 'Notifications by state, in the partitions this worker owns.', 'notifications')
  asked('tsuchi_partitions', 'Partitions of dispatch this worker owns: open, or still being restored.', 'partitions')

  const intakeStalled = new Gauge({
    name: 'tsuchi_intake_stalled',
    help: '1 while intake waits for the registry or the brokers.',
    labelNames: ['cause'],
    registers,
  })
  // An alert must tell "no" from "no data".
  for (const cause of STALL_CAUSES) intakeStalled.set({ cause }, 0)

  return {
    registry,
    ask,
    intakeStalled,
    requests: counter('tsuchi_intake_requests_total', 'Requests that intake made of events: ready, refused or poison.', [
      'kind',
      'route',
      'reason',
    ]),
    results: counter('tsuchi_results_total', 'Results published. Terminal ones count notifications.', [
      'status',
      'terminal',
      'purpose',
      'route',
      'reason',
    ]),
    attempts: counter('tsuchi_attempts_total', 'What came of intentions to send: one each.', [
      'channel',
      'endpoint',
      'outcome',
      'cause',
    ]),
    attemptSeconds: seconds(
      'tsuchi_attempt_duration_seconds',
      'From the token to the outcome of an attempt.',
      ['channel', 'endpoint'],
      [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    ),
    tokenWaitSeconds: seconds(
      'tsuchi_token_wait_seconds',
      'From the decision to send until the rate allowed it.',
      ['channel', 'endpoint'],
      [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 2],
    ),
    commitSeconds: seconds(
      'tsuchi_commit_duration_seconds',
      'One transaction of dispatch, with its step.',
      [],
      [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
    ),
    taskFailures: counter('tsuchi_task_failures_total', 'Tasks that ended by a fault and were opened again.', []),
    strays: counter('tsuchi_stray_outcomes_total', 'Outcomes that belong to no notification.', []),
    unreadable: counter('tsuchi_unreadable_records_total', 'Internal records that this version cannot read, set aside.', [
      'topic',
    ]),
    tokens: counter('tsuchi_access_tokens_total', 'Channel access tokens: renewed, failed to renew, or rejected by LINE.', [
      'channel',
      'event',
    ]),
    kafkaLog: counter('tsuchi_kafka_log_total', 'What the Kafka client logged, by level; routine is normal in its life.', [
      'level',
    ]),
  }
}

/** Whom intake can wait for. */
export const STALL_CAUSES = ['registry', 'kafka'] as const

export type Metrics = ReturnType<typeof createMetrics>
