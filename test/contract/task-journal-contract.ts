import { describe, expect, type TestContext, test } from 'vitest'
import { FencedError } from '../../src/kafka/task-journal.ts'
import { entryOf, NOON } from '../unit/notification-builder.ts'
import { attributionOf, commitOf, positionOnly, restoredBy } from './commits.ts'
import type { CommitFate, LogWorld, Owner } from './log-world.ts'

/** What the journal of a partition promises its owners, whatever it is made of. Before the marker of the first owner lies what
 *  `tsuchi topics create` wrote, without a hole. */
export const taskJournalContract = (
  name: string,
  make: (context: TestContext) => Promise<LogWorld>,
  /** How long brokers may take for what they do in their own time, ms. */
  patience: number,
): void => {
  const soon = { timeout: patience, interval: 50 }
  const owned = async (context: TestContext) => {
    const world = await make(context)
    const owner = await world.open()
    const epoch = await owner.fence()
    return { world, owner, epoch }
  }
  const results = async (world: LogWorld) => (await world.published()).results
  const keysBehind = async (world: LogWorld, epoch: number) =>
    (await world.journal()).filter(({ offset }) => offset > epoch).map(({ key }) => key)
  /** Everybody after the first begins so. */
  const successorIn = async (world: LogWorld, from = 0) => {
    const owner = await world.open()
    const epoch = await owner.fence()
    return { owner, epoch, restored: await restoredBy(owner, from) }
  }
  const broken = async (owner: Owner, fate: CommitFate, n = 1) => {
    owner.breakAtCommit(fate)
    await expect(owner.commit(commitOf(n))).rejects.toThrow()
  }

  describe(name, () => {
    describe('fencing', () => {
      test.concurrent('the marker of an owner lies at the offset that is returned, and later ones behind it', async (context) => {
        const { world, epoch } = await owned(context)
        const later = await successorIn(world)
        expect(later.epoch).toBe(epoch + 2)
        await context.expect
          .poll(() => world.journal(), soon)
          .toEqual([
            { offset: 0, key: 'immutables', tombstone: false },
            { offset: 1, key: 'format', tombstone: false },
            { offset: epoch, key: 'epoch', tombstone: false },
            { offset: later.epoch, key: 'epoch', tombstone: false },
          ])
      })

      test.concurrent('a fenced owner commits nothing, and is told so', async (context) => {
        const { world, owner } = await owned(context)
        const later = await successorIn(world)
        await expect(owner.commit(commitOf(1))).rejects.toMatchObject({
          name: 'KafkaJSProtocolError',
          type: 'INVALID_PRODUCER_EPOCH',
        })
        await later.owner.commit(commitOf(2))
        await context.expect.poll(() => results(world), soon).toEqual(['n2'])
        expect((await successorIn(world)).restored.facts).toEqual(['n2 queued', '@2'])
      })

      test.concurrent('a fenced owner is told so again, however often it tries', async (context) => {
        const { world, owner } = await owned(context)
        await successorIn(world)
        await expect(owner.commit(commitOf(1))).rejects.toThrow()
        await expect(owner.commit(commitOf(1))).rejects.toThrow()
        expect((await successorIn(world)).restored.facts).toEqual([])
      })

      test.concurrent('an owner that has been fenced can take the partition back, with a journal opened anew', async (context) => {
        const { world, owner, epoch } = await owned(context)
        const later = await successorIn(world)
        await owner.close()
        const back = await successorIn(world)
        expect(back.epoch).toBeGreaterThan(later.epoch)
        expect(later.epoch).toBeGreaterThan(epoch)
        await back.owner.commit(commitOf(1))
        await expect(later.owner.commit(commitOf(2))).rejects.toThrow()
        await context.expect.poll(() => results(world), soon).toEqual(['n1'])
      })

      test.concurrent('of two that race, one can commit: the one whose marker is the last', async (context) => {
        const world = await make(context)
        const racers = await Promise.all([world.open(), world.open()])
        const epochs = await Promise.allSettled(racers.map((racer) => racer.fence()))
        const commits = await Promise.allSettled(racers.map((racer, place) => racer.commit(commitOf(place + 1))))
        const markers = epochs.map((epoch) => (epoch.status === 'fulfilled' ? epoch.value : -1))
        const winner = markers.indexOf(Math.max(...markers))
        expect(commits.map(({ status }) => status === 'fulfilled')).toEqual([winner === 0, winner === 1])
        await context.expect.poll(() => results(world), soon).toEqual([`n${winner + 1}`])
      })
    })

    describe('a commit', () => {
      test.concurrent('returns the offset behind its journal records, which the end of its transaction takes', async (context) => {
        const { owner, epoch } = await owned(context)
        expect(await owner.commit(commitOf(1))).toBe(epoch + 4)
        expect(await owner.commit(positionOnly(2))).toBe(epoch + 6)
        expect(await owner.commit(commitOf(3))).toBe(epoch + 9)
      })

      test.concurrent('writes entries, marks, pauses, coverages, what is forgotten, and the position last', async (context) => {
        const { world, owner, epoch } = await owned(context)
        await owner.commit(
          commitOf(1, {
            marks: [{ subject: 's', cancelledAt: NOON, revision: null, forgetAt: NOON, pending: false }],
            pauses: [{ channel: 'main', cause: 'operator', since: NOON, probeAt: null, probe: null }],
            coverages: [{ channel: 'main', spans: [], holes: [] }],
            forgotten: ['entry/n9', 'mark/old'],
          }),
        )
        await context.expect
          .poll(() => keysBehind(world, epoch), soon)
          .toEqual(['entry/n1', 'mark/s', 'pause/main', 'coverage/main', 'entry/n9', 'mark/old', 'position'])
        expect((await world.journal()).filter(({ tombstone }) => tombstone).map(({ key }) => key)).toEqual([
          'entry/n9',
          'mark/old',
        ])
        const { restored } = await successorIn(world)
        expect(restored.facts.toSorted()).toEqual(
          ['n1 queued', 'mark s', 'pause main', 'coverage main', '-entry/n9', '-mark/old', '@1'].toSorted(),
        )
      })

      test.concurrent('publishes results, attributions and dead letters with it', async (context) => {
        const { world, owner } = await owned(context)
        await owner.commit(
          commitOf(1, {
            attributions: [attributionOf(1)],
            unreadable: [{ topic: 'feedback', offset: 4 }],
            tooOld: [{ offset: 7 }],
          }),
        )
        await context.expect
          .poll(() => world.published(), soon)
          .toEqual({
            results: ['n1'],
            attributions: ['n1'],
            deadLetters: ['feedback/4', 'requests/7'],
          })
      })

      test.concurrent('lies behind the commits before it, in the journal and in the results', async (context) => {
        const { world, owner } = await owned(context)
        for (const n of [1, 2, 3]) await owner.commit(commitOf(n))
        await context.expect.poll(() => results(world), soon).toEqual(['n1', 'n2', 'n3'])
        const { restored } = await successorIn(world)
        expect(restored.facts).toEqual(['n1 queued', 'n2 queued', 'n3 queued', '@3'])
      })

      test.concurrent('larger than a batch is one commit', async (context) => {
        const { world, owner, epoch } = await owned(context)
        const large = [1, 2, 3, 4].map((n) => entryOf(n, { sealed: Buffer.alloc(500_000) }))
        expect(await owner.commit(commitOf(4, { entries: large }))).toBe(epoch + 7)
        const { restored } = await successorIn(world)
        expect(restored.facts).toEqual(['n1 queued', 'n2 queued', 'n3 queued', 'n4 queued', '@4'])
      })

      test.concurrent('larger than a batch, and never ended, leaves nothing', async (context) => {
        const { world, owner } = await owned(context)
        const large = [1, 2, 3, 4].map((n) => entryOf(n, { sealed: Buffer.alloc(500_000) }))
        owner.breakAtCommit('lost')
        await expect(owner.commit(commitOf(4, { entries: large }))).rejects.toThrow()
        expect((await successorIn(world)).restored.facts).toEqual([])
      })
    })

    describe('a commit whose answer does not come', () => {
      test.concurrent('throws; if it never arrived, nobody ever reads any of it', async (context) => {
        const { world, owner, epoch } = await owned(context)
        await broken(owner, 'lost')
        expect(await world.ends()).toEqual({ stable: epoch + 2, end: epoch + 4 })
        expect(await keysBehind(world, epoch)).toEqual([])
        expect(await results(world)).toEqual([])
        const later = await successorIn(world)
        expect(later.epoch, 'behind what was aborted, and the marker that says so').toBe(epoch + 5)
        expect(later.restored.facts).toEqual([])
        await later.owner.commit(commitOf(2))
        await context.expect.poll(() => results(world), soon).toEqual(['n2'])
      })

      test.concurrent('throws; if it arrived, it is made', async (context) => {
        const { world, owner, epoch } = await owned(context)
        await broken(owner, 'unheard')
        await context.expect.poll(() => results(world), soon).toEqual(['n1'])
        const later = await successorIn(world)
        expect(later.epoch).toBe(epoch + 5)
        expect(later.restored.facts).toEqual(['n1 queued', '@1'])
      })

      test.concurrent('is made or not by the time that another owner has come: the journal and the results say the same, and go on saying it', async (context) => {
        const { world, owner } = await owned(context)
        await broken(owner, 'unheard')
        const { restored, owner: later } = await successorIn(world)
        const made = restored.facts.includes('n1 queued')
        await later.commit(commitOf(2))
        await context.expect.poll(() => results(world), soon).toEqual(made ? ['n1', 'n2'] : ['n2'])
        expect((await successorIn(world)).restored.facts).toEqual([...(made ? ['n1 queued'] : []), 'n2 queued', '@2'])
      })

      test.concurrent('is made if it arrives after its owner has given up', async (context) => {
        const { world, owner } = await owned(context)
        const { promise: arrives, resolve: arrive } = Promise.withResolvers<void>()
        await broken(owner, { arrives })
        expect(await results(world)).toEqual([])
        arrive()
        await context.expect.poll(() => results(world), soon).toEqual(['n1'])
        expect((await successorIn(world)).restored.facts).toEqual(['n1 queued', '@1'])
      })

      test.concurrent('is not made if it arrives after another owner has come', async (context) => {
        const { world, owner } = await owned(context)
        const { promise: arrives, resolve: arrive } = Promise.withResolvers<void>()
        await broken(owner, { arrives })
        const later = await successorIn(world)
        arrive()
        expect(later.restored.facts).toEqual([])
        await later.owner.commit(commitOf(2))
        await context.expect.poll(() => results(world), soon).toEqual(['n2'])
        expect((await successorIn(world)).restored.facts).toEqual(['n2 queued', '@2'])
      })

      test.concurrent('leaves a journal that commits nothing more', async (context) => {
        const { world, owner } = await owned(context)
        await broken(owner, 'lost')
        await expect(owner.commit(commitOf(2))).rejects.toThrow()
        expect((await successorIn(world)).restored.facts).toEqual([])
      })

      test.concurrent('leaves an open transaction behind when the journal is closed: nothing behind it is read until it times out', async (context) => {
        const { world, owner, epoch } = await owned(context)
        await broken(owner, 'lost')
        await owner.close()
        expect(await world.ends()).toEqual({ stable: epoch + 2, end: epoch + 4 })
        await world.transactionTimeout()
        expect(await world.ends()).toEqual({ stable: epoch + 5, end: epoch + 5 })
        expect(await results(world)).toEqual([])
        expect((await successorIn(world)).restored.facts).toEqual([])
      }, 240_000)
    })

    describe('a restore', () => {
      /** Each of four commits takes three offsets: an entry, a position, and its end. */
      const fourCommits = async (context: TestContext) => {
        const { world, owner, epoch } = await owned(context)
        for (const n of [1, 2, 3, 4]) await owner.commit(commitOf(n))
        return { world, owner, epoch }
      }

      test.concurrent('from the start reads all of it, up to the own marker', async (context) => {
        const { world } = await fourCommits(context)
        const { epoch, restored } = await successorIn(world)
        expect(restored).toEqual({ facts: ['n1 queued', 'n2 queued', 'n3 queued', 'n4 queued', '@4'], nexts: [epoch + 1] })
      })

      test.concurrent('from the middle reads what lies behind it', async (context) => {
        const { world, epoch } = await fourCommits(context)
        const behindTwo = epoch + 1 + 3 * 2
        expect((await successorIn(world, behindTwo)).restored.facts).toEqual(['n3 queued', 'n4 queued', '@4'])
      })

      test.concurrent.for([
        ['the end of a transaction', 3],
        ['its position', 2],
      ] as const)('from %s reads on', async ([, place], context) => {
        const { world, epoch } = await fourCommits(context)
        expect((await successorIn(world, epoch + 1 + 3 + place)).restored.facts.at(-1)).toBe('@4')
      })

      test.concurrent('from the end reads nothing but the own marker', async (context) => {
        const { world, owner } = await fourCommits(context)
        const next = await owner.commit(positionOnly(9))
        const { epoch, restored } = await successorIn(world, next)
        expect(restored).toEqual({ facts: [], nexts: [epoch + 1] })
      })

      test.concurrent('goes on over the markers of earlier owners', async (context) => {
        const { world } = await fourCommits(context)
        const second = await successorIn(world)
        await second.owner.commit(commitOf(5))
        const { restored } = await successorIn(world)
        expect(restored.facts).toEqual(['n1 queued', 'n2 queued', 'n3 queued', 'n4 queued', 'n5 queued', '@5'])
      })

      test.concurrent('goes on over what was aborted', async (context) => {
        const { world, owner } = await fourCommits(context)
        await broken(owner, 'lost', 5)
        const second = await successorIn(world)
        await second.owner.commit(commitOf(6))
        await broken(second.owner, 'lost', 7)
        const { restored } = await successorIn(world)
        expect(restored.facts).toEqual(['n1 queued', 'n2 queued', 'n3 queued', 'n4 queued', 'n6 queued', '@6'])
      })

      test.concurrent('tells what was forgotten, and what was written under the key again', async (context) => {
        const { world, owner } = await fourCommits(context)
        await owner.commit(commitOf(5, { entries: [], forgotten: ['entry/n1', 'entry/n2'] }))
        await owner.commit(commitOf(6, { entries: [entryOf(2, { state: 'done' })] }))
        const { restored } = await successorIn(world)
        expect(restored.facts.slice(4)).toEqual(['@4', '-entry/n1', '-entry/n2', 'n2 done', '@6'])
      })

      test.concurrent('comes in portions, each with the offset behind it', async (context) => {
        const { world, owner } = await owned(context)
        await owner.commit(commitOf(1, { entries: Array.from({ length: 1_500 }, (_, n) => entryOf(n)) }))
        const later = await successorIn(world)
        expect(later.restored.nexts).toEqual([1_001, later.epoch + 1]) // a thousand records, and the end of a transaction
        expect(later.restored.facts).toHaveLength(1_501)
      })

      test.concurrent('that begins behind the own marker ends with FencedError when the journal goes on', async (context) => {
        const { world, owner, epoch } = await owned(context)
        await successorIn(world)
        await expect(restoredBy(owner, epoch + 1)).rejects.toThrow(FencedError)
      })

      test.concurrent('by an owner that was fenced meanwhile reads to its own marker, and no further', async (context) => {
        const { world, owner, epoch } = await fourCommits(context)
        const second = await world.open()
        const secondEpoch = await second.fence()
        const third = await successorIn(world)
        await third.owner.commit(commitOf(5))
        expect((await restoredBy(second)).nexts).toEqual([secondEpoch + 1])
        expect((await restoredBy(owner)).nexts).toEqual([epoch + 1])
        await expect(second.commit(commitOf(6))).rejects.toThrow()
      })
    })

    describe('the inputs', () => {
      test.concurrent('begin and end at 0 when there are none', async (context) => {
        const { owner } = await owned(context)
        expect(await owner.inputs()).toEqual({
          requests: { low: 0, high: 0 },
          feedback: { low: 0, high: 0 },
          groupHasRead: false,
        })
      })

      test.concurrent('end behind what was written', async (context) => {
        const { world, owner } = await owned(context)
        await world.appendRequests(3)
        await world.writeFeedback([{ kind: 'barrier', epoch: 1, at: NOON }])
        expect(await owner.inputs()).toMatchObject({ requests: { low: 0, high: 3 }, feedback: { low: 0, high: 1 } })
      })

      test.concurrent('begin behind what was deleted', async (context) => {
        const { world, owner } = await owned(context)
        await world.appendRequests(5)
        await world.deleteInputs('requests', 3)
        expect(await owner.inputs()).toMatchObject({ requests: { low: 3, high: 5 }, feedback: { low: 0, high: 0 } })
      })

      test.concurrent('begin at their end when all was deleted', async (context) => {
        const { world, owner } = await owned(context)
        await world.writeFeedback([{ kind: 'barrier', epoch: 1, at: NOON }])
        await world.deleteInputs('feedback', 1)
        expect(await owner.inputs()).toMatchObject({ feedback: { low: 1, high: 1 } })
      })

      test.concurrent.for([
        ['both', { requests: 2, feedback: 1 }, true],
        ['requests only', { requests: 2, feedback: 0 }, true],
        ['feedback only', { requests: 0, feedback: 1 }, true],
        ['neither', { requests: 0, feedback: 0 }, false],
      ] as const)('were read, as the offsets of the group say: of %s', async ([, position, said], context) => {
        const { world, owner } = await owned(context)
        await world.appendRequests(2)
        await world.writeFeedback([{ kind: 'barrier', epoch: 1, at: NOON }])
        await world.commitGroupOffsets(position)
        expect(await owner.inputs()).toMatchObject({ groupHasRead: said })
      })

      test.concurrent('keep the order in which they were written', async (context) => {
        const { world } = await owned(context)
        const barriers = [1, 2, 3, 4, 5].map((epoch) => ({ kind: 'barrier', epoch, at: NOON }) as const)
        await world.writeFeedback(barriers.slice(0, 2))
        await world.writeFeedback(barriers.slice(2))
        expect(await world.feedback()).toEqual(barriers)
      })
    })

    // Last, and by themselves: brokers compact all partitions of a topic.
    describe('a compacted journal', () => {
      test('tells a restore the last of each key', async (context) => {
        const { world, owner } = await owned(context)
        for (const n of [1, 2, 3, 4]) await owner.commit(commitOf(n))
        await owner.commit(commitOf(5, { entries: [entryOf(1, { state: 'done' })] }))
        await owner.commit(commitOf(6, { entries: [], forgotten: ['entry/n2'] }))
        await broken(owner, 'lost', 7)
        const second = await successorIn(world)
        await second.owner.commit(commitOf(8))
        await world.compact(second.owner)
        const { restored } = await successorIn(world)
        const entries = restored.facts.filter((fact) => !fact.startsWith('@'))
        expect(entries.filter((fact) => fact !== '-entry/n2')).toEqual(['n3 queued', 'n4 queued', 'n1 done', 'n8 queued'])
        expect((await world.journal())[0], 'which is where a worker looks first').toMatchObject({ offset: 0, key: 'immutables' })
      }, 240_000)

      test('ends the restore of an owner whose marker is gone with FencedError', async (context) => {
        const { world, owner } = await owned(context)
        for (const n of [1, 2, 3, 4]) await owner.commit(commitOf(n))
        const second = await successorIn(world)
        await second.owner.commit(commitOf(5))
        await world.compact(second.owner)
        await expect(restoredBy(owner)).rejects.toThrow(FencedError)
      }, 240_000)
    })
  })
}
