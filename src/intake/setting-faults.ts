import type { NotifyingDocument } from './route-document.ts'
import { type Fault, quote } from './route-fault.ts'

/** Settings of one route that do not go together, or not with the configuration. */
export const settingFaults = (document: NotifyingDocument, channels: readonly string[]): Fault[] => [
  ...channelFaults(document, channels),
  ...windowFaults(document),
  ...lonelySettings(document),
  ...exposedPhones(document),
]

const channelFaults = ({ sound: { channel }, fault }: NotifyingDocument, channels: readonly string[]): Fault[] =>
  channel === undefined || channels.includes(channel)
    ? []
    : [fault(['channel'], quote(channel), `write one of the configured channels: ${channels.join(', ') || 'there are none'}`)]

const windowFaults = ({ sound: { maxAge, dedupe, dedupeWindow }, fault }: NotifyingDocument): Fault[] => {
  if (dedupeWindow === undefined) return []
  const faults: Fault[] = []
  if (maxAge !== undefined && maxAge > dedupeWindow) {
    // An event between the two ages would be sent although its identity may have been forgotten: twice.
    faults.push(fault(['maxAge'], 'more than dedupeWindow', 'make maxAge shorter, or dedupeWindow longer'))
  }
  if (dedupe !== undefined && dedupe.window > dedupeWindow) {
    // What the key is compared with is forgotten when dedupeWindow ends.
    faults.push(fault(['dedupe', 'window'], 'more than dedupeWindow', 'make this window shorter, or dedupeWindow longer'))
  }
  return faults
}

/** Settings that mean nothing without another. One that is there, though faulty, has its own fault already. */
const lonelySettings = ({ sound, has, fault }: NotifyingDocument): Fault[] => {
  const faults: Fault[] = []
  if (sound.revision !== undefined && !has('subject'))
    faults.push(fault(['revision'], 'no subject beside it', 'name the subject whose revision it is'))
  for (const needed of ['subject', 'revision'])
    if (sound.onlyIf !== undefined && !has(needed))
      faults.push(fault(['onlyIf'], `no ${needed} beside it`, `name the ${needed}, or take onlyIf away`))
  if (sound.fallbackAfter !== undefined && !has('fallback'))
    faults.push(fault(['fallbackAfter'], 'no fallback beside it', 'say which: fallback: sms, or email'))
  return faults
}

/** Fields that leave intake in the clear, or under a digest that is no secret, and must not be the number. */
const exposedPhones = ({ sound, fault }: NotifyingDocument): Fault[] => {
  const { recipient, recipients, identity, subject, dedupe } = sound
  if (!recipient) return []
  const ofElement = (path: string) => wholePath(path, recipients)
  const phone = ofElement(recipient.phone)
  const faults: Fault[] = []
  for (const { at, path, whole } of [
    { at: ['recipient', 'customer'], path: recipient.customer, whole: ofElement },
    { at: ['identity', 'id'], path: identity?.id, whole: (path: string) => wholePath(path, undefined) },
    { at: ['subject', 'id'], path: subject?.id, whole: ofElement },
  ])
    if (path !== undefined && whole(path) === phone)
      faults.push(fault(at, quote(path), 'name another field: this one goes into results, where no phone number may be'))
  for (const [index, path] of (dedupe?.key ?? []).entries())
    if (ofElement(path) === phone)
      faults.push(
        fault(
          ['dedupe', 'key', index],
          quote(path),
          'take it away: the recipient is part of the key, and no phone number may be',
        ),
      )
  return faults
}

/** The path as it is from the top of the event: `event.` is one way to say so, and an element has another. */
const wholePath = (path: string, recipients: string | undefined): string => {
  if (path.startsWith('event.')) return path.slice('event.'.length)
  return recipients === undefined ? path : `${recipients}[].${path}`
}
