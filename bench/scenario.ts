import type { Table } from './table.ts'

/** One thing to measure. */
export interface Scenario<Name extends string = string> {
  /** One line of the help. */
  readonly summary: string
  readonly options: Readonly<Record<Name, NumberOption>>
  run(bench: Bench, options: Readonly<Record<Name, number>>): Promise<Report>
}

export interface NumberOption {
  readonly default: number
  readonly help: string
}

/** What every scenario is given. */
export interface Bench {
  /** How things stand, for whoever waits. */
  readonly say: (line: string) => void
  /** Ends whatever was started, the last first, however the scenario ends. */
  readonly cleanUp: AsyncDisposableStack
  /** Where workers write CPU profiles, if they are to. */
  readonly profiles: string | undefined
}

export interface Report {
  readonly title: string
  readonly tables: readonly Table[]
  /** What was not as it must be. */
  readonly faults: readonly string[]
  /** The same for programs. */
  readonly figures: Readonly<Record<string, unknown>>
}
