import { browserEntries, bundled } from './entries.js'

// `npm run sizes`: what each entry weighs in a browser's bundle, minified, and gzipped as it travels.

const kib = (bytes: number): string => (bytes / 1024).toFixed(1)

const rows = await Promise.all(
  [...browserEntries()].map(async ([name, source]) => {
    const { bytes, gzipped } = await bundled(source, true)
    return [`\`${name}\``, kib(bytes), kib(gzipped)] as const
  }),
)
console.log('| entry | minified, KiB | gzipped, KiB |\n| --- | ---: | ---: |')
for (const row of rows) console.log(`| ${row.join(' | ')} |`)
