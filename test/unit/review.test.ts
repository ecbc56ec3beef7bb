import { describe, expect, test } from 'vitest'
import { fingerprintOf } from '../../src/intake/fingerprint.ts'
import { BILL_ROUTE, type Change, changedBill, surveyOf } from './route-folder.ts'

/** Of the bill's message. */
const NOW = 'fe610fd3e90a1ebd'

describe('the fingerprint of a message', () => {
  const fingerprint = (...changes: readonly Change[]): string => {
    const [route] = surveyOf({ 'bill.yaml': changedBill(...changes) }).routes
    if (route?.kind !== 'notify' || route.fingerprint === null) throw new Error('no fingerprint')
    return route.fingerprint
  }

  test('is the beginning of a digest of its canonical JSON', () => {
    // printf '{"flexible":[{"a":[1,null],"b":"é"}],"purpose":"reminder"}' | sha256sum
    expect(fingerprintOf('reminder', [{ b: 'é', a: [1, null] }])).toBe('29b78cf166d57847')
    expect(fingerprint()).toBe(NOW)
  })

  test.each<[what: string, change: Change]>([
    ['comments and empty lines', ['message:', '\n# News.\nmessage:']],
    ['another form of YAML', ['{ type: text, text: ', 'type: text\n      text: ']],
    ['the order of keys', ['{ type: text, ', '{ ']],
    ['other settings', ['expires: due', 'maxAge: PT1H']],
  ])('does not change with %s', (what, change) => {
    const more: Change[] = what.startsWith('the order') ? [['yen }}" }', 'yen }}", type: text }']] : []
    const closing: Change[] = what.startsWith('another form') ? [['yen }}" }', 'yen }}"']] : []
    expect(fingerprint(change, ...more, ...closing)).toBe(fingerprint())
  })

  test.each<[what: string, change: Change]>([
    ['a text', ['様: ', '様 ']],
    ['the layout', ['type: text,', 'type: text, wrap: true,']],
    ['the purpose', ['purpose: bill-finalized', 'purpose: payment-due']],
  ])('changes with %s', (_, change) => expect(fingerprint(change)).not.toBe(fingerprint()))

  test('is none for a template, which LINE does not review', () => {
    const [route] = surveyOf({ 'bill.yaml': TEMPLATE }).routes
    expect(route).toMatchObject({ endpoint: 'template', fingerprint: null })
  })
})

describe('a flexible message without a review of it as it is', () => {
  const missing = `bill.yaml:1 review: found nothing beside a flexible message; have LINE review the message, then write review: { id: …, approvedAt: 2026-08-10, fingerprint: "${NOW}" }`

  test('is a fault where real people get it', () => {
    expect(surveyOf({ 'bill.yaml': BILL_ROUTE }, { review: 'required' })).toMatchObject({ faults: [missing], warnings: [] })
  })

  test('is a warning where not everybody gets it, and nothing at the simulator', () => {
    expect(surveyOf({ 'bill.yaml': BILL_ROUTE }, { review: 'advised' })).toMatchObject({
      routes: [{ id: 'bill' }],
      faults: [],
      warnings: [missing],
    })
    expect(surveyOf({ 'bill.yaml': BILL_ROUTE }, { review: 'none' })).toMatchObject({ faults: [], warnings: [] })
  })

  test('is told with the fingerprint that it has now, where it had another', () => {
    const { faults } = surveyOf({ 'bill.yaml': reviewed({ fingerprint: '0123456789abcdef' }) }, { review: 'required' })
    expect(faults).toEqual([
      `bill.yaml:11 review.fingerprint: found "0123456789abcdef", but the message is another now; have LINE review it as it is, then write id and approvedAt of that review, and fingerprint: "${NOW}"`,
    ])
  })

  test('needs none if the fingerprint is that of the review', () => {
    expect(surveyOf({ 'bill.yaml': reviewed({}) }, { review: 'required' })).toMatchObject({
      routes: [{ id: 'bill' }],
      faults: [],
      warnings: [],
    })
  })
})

describe('a record of a review is refused on any channel', () => {
  test.each<[what: string, approvedAt: string, told: string]>([
    ['of tomorrow', '2026-08-11', 'found "2026-08-11", which is yet to come; write when LINE approved it, such as 2026-08-10'],
    ['of the next minute', '2026-08-10T12:01:00+09:00', 'found "2026-08-10T12:01:00+09:00", which is yet to come'],
    ['without a day', 'August', 'found "August"; write when LINE approved it, such as 2026-08-10 or 2026-08-10T14:30:00+09:00'],
    ['without an offset', '2026-08-10T12:00', 'found "2026-08-10T12:00"; write when LINE approved it'],
  ])('%s', (_, approvedAt, told) => {
    const { faults } = surveyOf({ 'bill.yaml': reviewed({ approvedAt }) })
    expect(faults).toEqual([expect.stringContaining(`bill.yaml:11 review.approvedAt: ${told}`)])
  })

  test.each(['2026-08-10', '2026-08-10T12:00:00+09:00'])('but not of %s, today', (approvedAt) => {
    expect(surveyOf({ 'bill.yaml': reviewed({ approvedAt }) }).faults).toEqual([])
  })

  test('whose fingerprint YAML takes for a number', () => {
    const { faults } = surveyOf({ 'bill.yaml': reviewed({}).replace(/"([0-9a-f]{16})"/, '1234567890123456') })
    expect(faults).toEqual([
      'bill.yaml:11 review.fingerprint: found 1234567890123456; write the 16 hex digits that `tsuchi check` names, in quotes',
    ])
  })

  test('of a template', () => {
    const { faults } = surveyOf({ 'bill.yaml': TEMPLATE.replace('message:', `${review({})}message:`) })
    expect(faults).toEqual(['bill.yaml:12 review: found a template beside it; take it away: LINE reviews flexible messages only'])
  })

  test('that another route has for another message', () => {
    const other = reviewed({ fingerprint: '0123456789abcdef' })
      .replace('route: bill', 'route: other')
      .replace('jp.example.Bill', 'jp.example.Other')
    expect(surveyOf({ 'a.yaml': reviewed({}), 'b.yaml': other }).faults).toEqual([
      'b.yaml:11 review.id: found "R-77"; write the review of this message: a.yaml has this one, with another fingerprint, and LINE reviews each use by itself',
    ])
  })
})

const TEMPLATE = changedBill([
  BILL_ROUTE.slice(BILL_ROUTE.indexOf('message:')),
  'message:\n  template: { templateKey: order_item_completion_ja }\n',
])

interface Review {
  readonly approvedAt?: string
  readonly fingerprint?: string
}

function review({ approvedAt = '2026-08-10', fingerprint = NOW }: Review): string {
  return `review: { id: R-77, approvedAt: "${approvedAt}", fingerprint: "${fingerprint}" }\n`
}

function reviewed(record: Review): string {
  return changedBill(['fallback: sms\n', review(record)])
}
