import { readFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { describe, expect, it } from 'vitest'
import { forms, networksPage, published } from './networks.js'

const known = forms()
const file = new URL('networks.md', import.meta.url).pathname

describe('the page of the zoo', () => {
  it('is as the networks make it', async () => {
    const made = await format(networksPage(), { ...(await resolveConfig(file)), filepath: file })
    expect(readFileSync(file, 'utf8')).toBe(made)
  })

  it.each(Object.entries(published))('%s has the parameters that were published', (asked, { parameters }) => {
    expect(known.find((form) => form.asked === asked)?.parameters).toBe(parameters)
  })
})
