import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Departure } from '../../verifier/history.ts'

/** As whoever is in the worker writes it down. */
interface Written {
  readonly at: number
  readonly wall: number
  readonly worker: string
  readonly deliveryTag: string
  readonly path: string
  /** By a header that the channels of this run send. */
  readonly channel?: string
}

/** What the workers' sockets saw leave, read from the files of a directory as they grow. */
export interface DeparturesWitness {
  /** Reads on; returns how many there are. */
  look(): Promise<number>
  all(channelOf: (deliveryTag: string) => string | undefined): readonly Departure[]
}

export const openDeparturesWitness = (directory: string): DeparturesWitness => {
  const written: Written[] = []
  const read = new Map<string, number>()

  const readOn = async (file: string): Promise<void> => {
    const handle = await open(join(directory, file))
    try {
      const from = read.get(file) ?? 0
      const { size } = await handle.stat()
      const { buffer } = await handle.read(Buffer.alloc(size - from), 0, size - from, from)
      // The last line may just be written, or its worker was killed over it.
      const end = buffer.lastIndexOf(NEW_LINE) + 1
      read.set(file, from + end)
      for (const line of buffer.subarray(0, end).toString().split('\n'))
        if (line !== '') written.push(JSON.parse(line) as Written)
    } finally {
      await handle.close()
    }
  }

  return {
    look: async () => {
      for (const file of await readdir(directory)) if (file.endsWith('.departures')) await readOn(file)
      return written.length
    },
    all: (channelOf) =>
      written
        .map(({ at, wall, worker, deliveryTag, path, channel }) => ({
          ...{ at, wall, worker, deliveryTag },
          lane: `${channel ?? channelOf(deliveryTag) ?? 'unknown'}/${endpointOf(path)}`,
        }))
        .sort((a, b) => a.at - b.at),
  }
}

const NEW_LINE = 10

/** LINE's two addresses to send to. */
export const endpointOf = (path: string): string => (path.includes('/templated/') ? 'template' : 'flexible')
