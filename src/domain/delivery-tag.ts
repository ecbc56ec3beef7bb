/** A committed decision to send. Never reused: `incarnation` is drawn anew whenever the topics are created, `epoch` is the journal
 *  offset of the owner's epoch marker, and `counter` counts within that owner's life. */
export interface IntentionId {
  readonly partition: number
  readonly incarnation: string
  readonly epoch: number
  readonly counter: number
}

/** `t_<partition>_<incarnation>_<epoch>_<counter>`, the numbers in base 36. The name of an intention everywhere, and the string LINE
 *  echoes in its delivery event (`X-Line-Delivery-Tag`: 16–100 characters by LINE's reference; relays take 50). With an incarnation
 *  of 12 hex digits it has 20 to 42 characters. */
export const formatDeliveryTag = (id: IntentionId): string => `${tagPrefix(id)}${id.counter.toString(36)}`

/** What all intentions of one owner's life have in common. */
export const tagPrefix = (owner: Omit<IntentionId, 'counter'>): string =>
  `t_${owner.partition.toString(36)}_${owner.incarnation}_${owner.epoch.toString(36)}_`

const TAG = /^t_([0-9a-z]{1,3})_([0-9a-f]{12})_([0-9a-z]{1,11})_([0-9a-z]{1,11})$/

/** `undefined` for a tag that is not ours: another system may share the channel. */
export const parseDeliveryTag = (tag: string): IntentionId | undefined => {
  const match = TAG.exec(tag)
  if (!match) return undefined
  const [, partition = '', incarnation = '', epoch = '', counter = ''] = match
  const number = (digits: string) => Number.parseInt(digits, 36)
  const id = { partition: number(partition), incarnation, epoch: number(epoch), counter: number(counter) }
  // With zeros before it, or beyond what is exact, it would pass for another's.
  return formatDeliveryTag(id) === tag ? id : undefined
}
