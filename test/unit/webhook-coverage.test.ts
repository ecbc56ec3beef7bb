import { describe, expect, test } from 'vitest'
import { createCoverageClaim } from '../../src/webhook/coverage-claim.ts'
import { createEvidence, EVIDENCE_HOLDS_MS } from '../../src/webhook/evidence.ts'
import { BEYOND_DOUBT } from './webhook-bodies.ts'

const claimOf = (...channels: string[]) => createCoverageClaim(channels, 1_000, BEYOND_DOUBT)

describe('what is claimed to have been heard', () => {
  test('begins when listening began, and goes on where the last claim that was acknowledged ended', () => {
    const claim = claimOf('main', 'shop')
    const first = claim.claims(2_000)
    expect(first).toEqual([{ channels: ['main', 'shop'], from: 1_000, until: 2_000 }])
    expect(claim.claims(3_000)).toEqual([{ channels: ['main', 'shop'], from: 1_000, until: 3_000 }])
    claim.told(first)
    expect(claim.claims(3_000)).toEqual([{ channels: ['main', 'shop'], from: 2_000, until: 3_000 }])
  })

  test('ends before the oldest request that is not durable yet', () => {
    const claim = claimOf('main')
    const slow = claim.arrived(1_500)
    const quick = claim.arrived(1_600)
    quick.settled()
    expect(claim.claims(2_000)).toEqual([{ channels: ['main'], from: 1_000, until: 1_500 }])
    slow.settled()
    expect(claim.claims(2_000)).toEqual([{ channels: ['main'], from: 1_000, until: 2_000 }])
  })

  test('is nothing at all when nothing was heard to its end', () => {
    const claim = claimOf('main')
    claim.arrived(1_000)
    expect(claim.claims(2_000)).toEqual([])
  })

  test('has a gap where a request was lost: from before it came, as LINE had sent it, until that was over', () => {
    const claim = claimOf('main')
    claim.told(claim.claims(2_000))
    claim.arrived(2_500).failed(2_700)
    claim.arrived(2_800).failed(2_900)
    expect(claim.claims(3_000)).toEqual([{ channels: ['main'], from: 2_900, until: 3_000 }])
  })

  test('has the gap also when it is lost after a claim was made, and before that is acknowledged', () => {
    const claim = claimOf('main')
    const made = claim.claims(2_000)
    claim.arrived(2_100).failed(2_200)
    claim.told(made)
    expect(claim.claims(3_000)).toEqual([{ channels: ['main'], from: 2_200, until: 3_000 }])
  })

  test('has a gap for that channel alone whose secret signed what was lost', () => {
    const claim = claimOf('main', 'shop')
    claim.arrived(1_500).failed(1_600, ['shop'])
    expect(claim.claims(2_000)).toEqual([
      { channels: ['main'], from: 1_000, until: 2_000 },
      { channels: ['shop'], from: 1_600, until: 2_000 },
    ])
  })

  test('does not go back: an answer that comes late does not fill a gap, nor does what was settled fail', () => {
    const claim = claimOf('main')
    const made = claim.claims(1_500)
    claim.trouble(1_800)
    claim.told(made)
    const arrival = claim.arrived(1_900)
    arrival.settled()
    arrival.failed(1_950)
    expect(claim.claims(2_000)).toEqual([{ channels: ['main'], from: 1_800, until: 2_000 }])
  })

  test('is nothing while the clock is behind what was claimed already', () => {
    const claim = claimOf('main')
    claim.told(claim.claims(5_000))
    expect(claim.claims(4_000)).toEqual([])
    claim.arrived(4_000).failed(4_100)
    expect(claim.claims(6_000)).toEqual([{ channels: ['main'], from: 5_000, until: 6_000 }])
  })
})

describe('what may be lost', () => {
  test('is a hole for whoever else listened too, also of what is claimed already: LINE sent it before it came', () => {
    const claim = claimOf('main', 'shop')
    claim.told(claim.claims(90_000))
    claim.arrived(92_000).failed(93_000, ['shop'])
    expect(claim.holes()).toEqual([{ channels: ['shop'], from: 87_000, until: 93_000 }])
    expect(claim.claims(95_000)).toEqual([
      { channels: ['main'], from: 90_000, until: 95_000 },
      { channels: ['shop'], from: 93_000, until: 95_000 },
    ])
  })

  test('is told until it is known, and then no more', () => {
    const claim = claimOf('main')
    claim.trouble(20_000)
    const first = claim.holes()
    expect(first).toEqual([{ channels: ['main'], from: 15_000, until: 20_000 }])
    expect(claim.holes()).toEqual(first)
    claim.trouble(22_000)
    claim.admitted(first)
    expect(claim.holes()).toEqual([{ channels: ['main'], from: 20_000, until: 22_000 }])
    claim.admitted(claim.holes())
    expect(claim.holes()).toEqual([])
    expect(claim.claims(30_000), 'it is none the less not claimed').toEqual([
      { channels: ['main'], from: 1_000, until: 15_000 },
      { channels: ['main'], from: 22_000, until: 30_000 },
    ])
  })

  test('hides no time around it: what was heard before and after is claimed', () => {
    const claim = claimOf('main')
    claim.missed({ from: 3_000, until: 4_000 })
    claim.missed({ from: 6_000, until: 7_000 })
    expect(claim.claims(8_000).map(({ from, until }) => [from, until])).toEqual([
      [1_000, 3_000],
      [4_000, 6_000],
      [7_000, 8_000],
    ])
    claim.told(claim.claims(5_000))
    expect(claim.claims(8_000)[0]).toMatchObject({ from: 5_000, until: 6_000 })
    expect(claim.holes(), 'what adjoins no other stays apart').toHaveLength(2)
  })

  test('is not the time in which this process did not listen, or did not know that LINE reaches it', () => {
    const evidence = createEvidence()
    const claim = createCoverageClaim(['main'], 1_000, evidence)
    claim.began(3_000)
    evidence.heard('main', 4_000)
    expect(claim.claims(5_000)).toEqual([{ channels: ['main'], from: 4_000, until: 5_000 }])
    evidence.lost('main')
    expect(claim.claims(100 * EVIDENCE_HOLDS_MS)).toEqual([])
    expect(claim.holes()).toEqual([])
  })

  test('is told also without evidence, as others may have it', () => {
    const claim = createCoverageClaim(['main'], 1_000, createEvidence())
    claim.trouble(20_000)
    expect(claim.holes()).toEqual([{ channels: ['main'], from: 15_000, until: 20_000 }])
  })

  test('is bounded: of more than two hundred the oldest become one', () => {
    const claim = claimOf('main')
    for (let n = 1; n <= 300; n++) claim.trouble(n * 10_000)
    expect(claim.holes()).toHaveLength(200)
    expect(claim.holes()[0]).toEqual({ channels: ['main'], from: 5_000, until: 1_010_000 })
    expect(claim.claims(3_000_001)).toHaveLength(201)
  })
})

describe('without evidence that LINE reaches us', () => {
  const listening = (...channels: string[]) => {
    const evidence = createEvidence()
    return { evidence, claim: createCoverageClaim(channels, 1_000, evidence) }
  }

  test('nothing is claimed, however long one listens', () => {
    const { claim } = listening('main')
    expect(claim.claims(Number.MAX_SAFE_INTEGER)).toEqual([])
  })

  test('a claim begins at the first body, of that channel alone', () => {
    const { claim, evidence } = listening('main', 'shop')
    evidence.heard('main', 3_000)
    const first = claim.claims(5_000)
    expect(first).toEqual([{ channels: ['main'], from: 3_000, until: 5_000 }])
    claim.told(first)
    evidence.heard('shop', 5_500)
    expect(claim.claims(6_000)).toEqual([
      { channels: ['main'], from: 5_000, until: 6_000 },
      { channels: ['shop'], from: 5_500, until: 6_000 },
    ])
  })

  test('it ends twelve hours after the last, and begins anew at the next', () => {
    const { claim, evidence } = listening('main')
    evidence.heard('main', 2_000)
    evidence.heard('main', 3_000)
    const last = claim.claims(100 * EVIDENCE_HOLDS_MS)
    expect(last).toEqual([{ channels: ['main'], from: 2_000, until: 3_000 + EVIDENCE_HOLDS_MS }])
    claim.told(last)
    expect(claim.claims(100 * EVIDENCE_HOLDS_MS)).toEqual([])
    const again = 5_000 + EVIDENCE_HOLDS_MS
    evidence.heard('main', again)
    expect(claim.claims(again + 1)).toEqual([{ channels: ['main'], from: again, until: again + 1 }])
  })

  test('it ends when LINE says that it did not reach us, and begins anew at the next', () => {
    const { claim, evidence } = listening('main', 'shop')
    evidence.heard('main', 2_000)
    evidence.heard('shop', 2_000)
    evidence.lost('main')
    expect(claim.claims(3_000)).toEqual([{ channels: ['shop'], from: 2_000, until: 3_000 }])
    expect(evidence.lastAt('main')).toBeUndefined()
    evidence.heard('main', 4_000)
    expect(claim.claims(5_000)).toContainEqual({ channels: ['main'], from: 4_000, until: 5_000 })
  })

  test('a body just in time leaves no gap', () => {
    const { claim, evidence } = listening('main')
    evidence.heard('main', 2_000)
    evidence.heard('main', 2_000 + EVIDENCE_HOLDS_MS)
    const now = 1_000 + 2 * EVIDENCE_HOLDS_MS
    expect(claim.claims(now)).toEqual([{ channels: ['main'], from: 2_000, until: now }])
  })

  test('bodies that come in another order than they were sent prove as much, and one from before a gap nothing', () => {
    const { claim, evidence } = listening('main')
    evidence.heard('main', 5_000 + EVIDENCE_HOLDS_MS)
    evidence.heard('main', 6_000)
    const now = 6_000 + EVIDENCE_HOLDS_MS
    expect(claim.claims(now)).toEqual([{ channels: ['main'], from: 6_000, until: now }])
    evidence.heard('main', 1_000 - EVIDENCE_HOLDS_MS)
    expect(claim.claims(now)).toEqual([{ channels: ['main'], from: 6_000, until: now }])
    expect(evidence.lastAt('main')).toBe(5_000 + EVIDENCE_HOLDS_MS)
  })

  test('it is what was neither lost nor under way, too', () => {
    const { claim, evidence } = listening('main')
    evidence.heard('main', 2_000)
    claim.arrived(3_000)
    expect(claim.claims(4_000)).toEqual([{ channels: ['main'], from: 2_000, until: 3_000 }])
    claim.trouble(2_500)
    expect(claim.claims(4_000)).toEqual([{ channels: ['main'], from: 2_500, until: 3_000 }])
  })
})
