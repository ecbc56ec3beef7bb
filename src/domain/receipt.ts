import type { Draft } from './draft.ts'
import type { Entry } from './entry.ts'
import type { Feedback } from './input.ts'
import type { Moment } from './moment.ts'
import { attempted, correct, delivered, finish } from './moves.ts'
import { learnOfChannel } from './settle.ts'

type Receipt = Extract<Feedback, { kind: 'receipt' }>

/** Applies LINE's delivery event. It may overtake the answer to the call, settle what nobody knew the answer to, come twice, and come
 *  after the end. Of a past intention it counts as much as of the one in force: the person has the message. False if no entry holds it. */
export const receiveReceipt = (draft: Draft, receipt: Receipt, moment: Moment): boolean => {
  const { deliveryTag } = receipt
  const entry = draft.byTag(deliveryTag)
  if (!entry?.notification) return false
  if (entry.state === 'done') {
    if (isWrong(entry)) correct(draft, entry, delivered(entry, receipt, moment), moment)
    return true
  }
  const unanswered = entry.deliveryTag === deliveryTag && entry.state !== 'accepted'
  if (unanswered) {
    const answer = { deliveryTag, outcome: { kind: 'accepted', requestId: null }, at: moment.now } as const
    learnOfChannel(draft, entry.notification.channel, answer, moment)
  }
  const heard = unanswered && entry.state === 'sending' ? attempted(entry) : entry
  finish(draft, heard, delivered(entry, receipt, moment), moment)
  return true
}

/** Whether its end says otherwise. `accepted` says less, where nobody listened, and is true. */
const isWrong = ({ corrected, status }: Entry): boolean => !corrected && status !== 'delivered' && status !== 'accepted'
