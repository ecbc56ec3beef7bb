import { describe, expect, test } from 'vitest'
import { createCoverageClaim } from '../../src/webhook/coverage-claim.ts'

const claimOf = (...channels: string[]) => createCoverageClaim(channels, 1_000)

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

  test('has a gap where a request was lost: from the last claim until that was over', () => {
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
