import { defineConfig } from 'vitest/config'
import type { Reporter } from 'vitest/node'

/** Ends a run with one line that people and machines read alike. A file that could not be loaded counts as a failure. */
const closingLine: Reporter = {
  onTestRunEnd: (files, unhandledErrors) => {
    const tests = files.flatMap((file) => [...file.children.allTests()])
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length
    const broken = files.filter((file) => file.errors().length > 0).length + unhandledErrors.length
    console.log(`\n${count('passed')} passed, ${count('failed') + broken} failed, ${count('skipped')} skipped`)
  },
}

export default defineConfig({
  test: {
    include: ['{spec,formats,training,reference,accelerated,adapters,conformance,cli,docs,bench}/**/*.test.ts'],
    exclude: ['**/dist/**', '**/node_modules/**'],
    // a process for each file: Dawn is a native addon, and outlives a worker thread badly
    pool: 'forks',
    maxWorkers: 2,
    // a case on the software adapter may take seconds, and two files share the cores
    testTimeout: 300_000,
    hookTimeout: 300_000,
    reporters: ['default', closingLine],
  },
})
