/** What a process says of itself on /metrics. */
export interface Metrics {
  /** User and system time, s. */
  readonly cpuSeconds: number
  readonly rssMb: number
  /** The sum of what has these labels. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number
}

export const readMetrics = async (url: string): Promise<Metrics> => {
  const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n')
  const sum: Metrics['sum'] = (name, labels = {}) =>
    lines
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .filter((line) => Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`)))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0)
  return { cpuSeconds: sum('process_cpu_seconds_total'), rssMb: sum('process_resident_memory_bytes') / 1e6, sum }
}
