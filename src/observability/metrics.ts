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
  const ask: Record<Asked, () => readonly Reading[]> = {
    notifications: () => [],
    partitions: () => [],
    paused: () => [],
    pace: () => [],
    optOuts: () => [],
    optOutsCurrent: () => [],
    receiptsCovered: () => [],
    webhookInFlight: () => [],
    forwardHeld: () => [],
  }
  const asked = (name: string, help: string, labelNames: string[], source: keyof typeof ask) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset()
        for (const { labels, value } of ask[source]()) this.set(labels, value)
      },
    })
  asked('tsuchi_notifications', 'Notifications by state, in the partitions this worker owns.', ['state'], 'notifications')
  asked('tsuchi_partitions', 'Partitions of dispatch this worker owns: open, or still being restored.', ['state'], 'partitions')
  asked(
    'tsuchi_channel_paused_partitions',
    'Partitions of this worker in which a channel is paused: nothing is sent there until a probe succeeds or an operator resumes it.',
    ['channel', 'cause'],
    'paused',
  )
  asked(
    'tsuchi_rate_fraction',
    'What is used of the share of the rate, on the slowest partition of this worker: less than 1 after a 429.',
    ['channel', 'endpoint'],
    'pace',
  )
  asked('tsuchi_opted_out_customers', 'Customers on the opt-out list.', [], 'optOuts')
  asked(
    'tsuchi_receipts_covered_until_seconds',
    "Unix time until when LINE's events of a channel are known to have been listened to, in the partition of this worker that knows least; 0: never.",
    ['channel'],
    'receiptsCovered',
  )
  asked('tsuchi_webhook_requests_in_flight', 'Requests to the webhook that are not answered yet.', [], 'webhookInFlight')
  asked('tsuchi_webhook_forward_held', 'Signed bodies that wait for the tool at webhook.forward.', ['channel'], 'forwardHeld')
  asked('tsuchi_opt_out_list_current', '1 while the opt-out list is up to date; at 0 nothing is sent.', [], 'optOutsCurrent')

  const intakeStalled = new Gauge({
    name: 'tsuchi_intake_stalled',
    help: '1 while intake waits for the registry or the brokers.',
    labelNames: ['cause'],
    registers,
  })
  // An alert must tell "no" from "no data".
  for (const cause of STALL_CAUSES) intakeStalled.set({ cause }, 0)

  const channels = new Gauge({
    name: 'tsuchi_channel_info',
    help: '1 for each configured channel, with its mode: on one that is not live, people get nothing, or not everybody.',
    labelNames: ['channel', 'provider', 'mode'],
    registers,
  })

  return {
    registry,
    ask,
    channels,
    intakeStalled,
    requests: counter('tsuchi_intake_requests_total', 'Requests that intake made of events: ready, refused, poison or mark.', [
      'kind',
      'route',
      'reason',
    ]),
    tooOld: counter('tsuchi_too_old_records_total', 'Records that came after their dedupe window, set aside without a result.', [
      'topic',
    ]),
    advertising: counter('tsuchi_advertising_total', 'Notifications that read like advertising, and go out all the same.', [
      'route',
      'word',
    ]),
    results: counter('tsuchi_results_total', 'Results published. Terminal ones count notifications.', [
      'status',
      'terminal',
      'purpose',
      'route',
      'reason',
    ]),
    cost: counter(
      'tsuchi_cost_total',
      'Cost of results, by the prices of the configuration, in units of the currency. `delivered` is what LINE charges, corrections included; `accepted` as an end, and `unconfirmed`, is what it may charge besides. Nothing is taken back: of an `unconfirmed` one that turns out to be delivered, both count.',
      ['channel', 'endpoint', 'status', 'currency'],
    ),
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
    storeRebuilds: counter('tsuchi_store_rebuilds_total', 'Stores built anew from the journal.', ['reason']),
    taskFailures: counter('tsuchi_task_failures_total', 'Tasks that ended by a fault and were opened again.', []),
    strays: counter('tsuchi_stray_outcomes_total', 'Outcomes that belong to no notification.', []),
    unreadable: counter('tsuchi_unreadable_records_total', 'Internal records that this version cannot read, set aside.', [
      'topic',
    ]),
    tokens: counter('tsuchi_access_tokens_total', 'Channel access tokens: renewed, failed to renew, or rejected by LINE.', [
      'channel',
      'event',
    ]),
    webhook: {
      requests: counter(
        'tsuchi_webhook_requests_total',
        'Requests to the webhook, by the status of the answer and its reason. What is not 200 LINE sends again, if it is told to.',
        ['status', 'reason'],
      ),
      events: counter(
        'tsuchi_webhook_events_total',
        "Events that the webhook has stored, or passed over: another system's (not-ours, bare-digest), of no use here (ignored), or malformed.",
        ['channel', 'type', 'fate'],
      ),
      checks: counter('tsuchi_webhook_checks_total', 'Requests without events, by which LINE looks whether anybody is there.', [
        'channel',
      ]),
      tests: counter(
        'tsuchi_webhook_tests_total',
        'Tests of the webhook that LINE was asked for, as no signed body had come for an hour: answered, failed, or not made, with why.',
        ['channel', 'outcome'],
      ),
      answerSeconds: seconds(
        'tsuchi_webhook_answer_duration_seconds',
        'From the headers of a request to its answer. LINE waits 2 s.',
        [],
        [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2],
      ),
      writeSeconds: seconds(
        'tsuchi_webhook_write_duration_seconds',
        'One write to Kafka of what the webhook has gathered.',
        [],
        [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      ),
      topicRecords: counter(
        'tsuchi_webhook_topic_records_total',
        'Signed bodies read from webhook.topic: taken, or set aside in the dead letters with this reason.',
        ['outcome'],
      ),
      topicStalled: new Gauge({
        name: 'tsuchi_webhook_topic_stalled',
        help: '1 while what was read from webhook.topic cannot be stored, and no more is read.',
        labelNames: [],
        registers,
      }),
      forwarded: counter(
        'tsuchi_webhook_forwarded_total',
        'Signed bodies for the tool at webhook.forward: taken, refused, given up, no room, or stopped with the worker.',
        ['channel', 'outcome'],
      ),
    },
    kafkaLog: counter('tsuchi_kafka_log_total', 'What the Kafka client logged, by level; routine is normal in its life.', [
      'level',
    ]),
  }
}

type Asked =
  | 'notifications'
  | 'partitions'
  | 'paused'
  | 'pace'
  | 'optOuts'
  | 'optOutsCurrent'
  | 'receiptsCovered'
  | 'webhookInFlight'
  | 'forwardHeld'

interface Reading {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Whom intake can wait for. */
export const STALL_CAUSES = ['registry', 'kafka'] as const

export type Metrics = ReturnType<typeof createMetrics>
