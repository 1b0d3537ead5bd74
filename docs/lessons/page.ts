import type { Findings, Lesson, Section } from './lesson.js'
import { barsPicture, escaped, imagesPicture, linesPicture } from './picture.js'

/** What a page says beside the findings: where and how the lesson was run. */
export interface Told {
  readonly lesson: Lesson
  readonly findings: Findings
  /** the formulas of the lesson's ops, in words and letters */
  readonly formulas: Readonly<Record<string, string>>
  /** the command that made it */
  readonly command: string
  /** the device, the digits, how long it took: one to a line */
  readonly facts: readonly string[]
}

const style = `
body { font: 16px/1.55 system-ui, sans-serif; max-width: 760px; margin: 2rem auto; padding: 0 1rem; color: #1c1c28; background: #fff; }
h1 { line-height: 1.2; margin-bottom: .2rem; }
h2 { margin-top: 2.2rem; border-bottom: 1px solid #ddd; padding-bottom: .2rem; }
h3 { margin-top: 1.8rem; }
.question { font-size: 1.15rem; font-style: italic; margin-top: 0; }
figure { margin: 1.4rem 0; overflow-x: auto; }
figure > svg { max-width: 100%; height: auto; overflow: visible; }
figcaption { font-size: .9rem; color: #555; margin-bottom: .5rem; font-weight: 600; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: .85rem; margin-bottom: .4rem; }
table.numbers { border-collapse: collapse; font-variant-numeric: tabular-nums; }
table.numbers th, table.numbers td { padding: .25rem .8rem; border-bottom: 1px solid #e4e4ea; text-align: right; }
table.numbers th:first-child, table.numbers td:first-child { text-align: left; padding-left: 0; }
table.images { border-collapse: separate; border-spacing: 6px; font-size: .75rem; text-align: center; color: #555; }
table.images td { vertical-align: top; padding: 0; line-height: 1.3; }
table.images th { text-align: right; font-weight: 600; padding-right: .4rem; max-width: 9rem; }
img { image-rendering: pixelated; border: 1px solid #ddd; display: inline-block; vertical-align: bottom; }
pre { background: #f5f5f8; padding: .7rem .9rem; overflow-x: auto; font-size: .85rem; line-height: 1.45; border-radius: 4px; white-space: pre-wrap; }
code { background: #f5f5f8; padding: .1rem .3rem; border-radius: 3px; font-size: .9em; }
footer { margin-top: 2.5rem; font-size: .85rem; color: #555; border-top: 1px solid #ddd; }
`

const paragraph = (text: string): string => `<p>${escaped(text)}</p>`

const figure = (caption: string, body: string): string =>
  `<figure><figcaption>${escaped(caption)}</figcaption>\n${body}</figure>`

const row = (cells: readonly string[], tag: 'td' | 'th'): string =>
  `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`

const shown = (section: Section): string => {
  switch (section.kind) {
    case 'heading':
      return `<h3>${escaped(section.text)}</h3>`
    case 'text':
      return paragraph(section.text)
    case 'table':
      return figure(
        section.caption,
        `<table class="numbers"><thead>${row(section.head, 'th')}</thead><tbody>${section.rows.map((cells) => row(cells, 'td')).join('\n')}</tbody></table>`,
      )
    case 'lines':
      return figure(section.caption, linesPicture(section))
    case 'bars':
      return figure(section.caption, barsPicture(section))
    case 'images':
      return figure(section.caption, imagesPicture(section))
  }
}

/** Sections on a page that needs nothing else, under a title. */
export const sectionsPage = (title: string, sections: readonly Section[]): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
<h1>${escaped(title)}</h1>
${sections.map(shown).join('\n')}
</html>
`

/** A lesson as a page that needs nothing else: question, theory, formulas, what was done, what came out, what to try. */
export const lessonPage = ({ lesson, findings, formulas, command, facts }: Told): string => {
  const { title, question, source, theory, ops, next } = lesson
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
<h1>${escaped(title)}</h1>
<p class="question">${escaped(question)}</p>
${theory.map(paragraph).join('\n')}
<h2>The formulas</h2>
${ops.map((op) => `<h3 id="${op}">${op}</h3>\n<pre>${escaped(formulas[op] ?? '')}</pre>`).join('\n')}
<p><code>etalon explain ${ops[0] ?? 'sgd'}</code> puts numbers into one. Source: ${escaped(source)}.</p>
<h2>What was done</h2>
${findings.done.map(paragraph).join('\n')}
<h2>What came out</h2>
${findings.sections.map(shown).join('\n')}
<h2>What to try next</h2>
<ul>
${next.map(({ idea, command }) => `<li>${escaped(idea)}<pre>${escaped(command)}</pre></li>`).join('\n')}
</ul>
<footer><p>Made by <code>${escaped(command)}</code></p>
${facts.map(paragraph).join('\n')}</footer>
</html>
`
}
