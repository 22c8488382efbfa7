import { mountSuspended } from '@nuxt/test-utils/runtime'
import { expect, it } from 'vitest'
import ErrorPage from '../../error.vue'
import { createError } from '#imports'

async function errorPage(status: number, route: string, data?: object) {
  const page = await mountSuspended(ErrorPage, { props: { error: createError({ status, data }) }, route })
  const links = page.get('main').findAll('a').map(link => [link.text(), link.attributes('href')])
  return { title: page.get('h1').text(), text: page.text(), links }
}

it('sends a visitor who is lost to the session', async () => {
  const { title, links } = await errorPage(404, '/')

  expect(title).toBe('No such page')
  expect(links).toEqual([['Go to the session', '/']])
})

it('lets a visitor try a page again that failed, and says that no session ended', async () => {
  const { title, text, links } = await errorPage(500, '/')

  expect(title).toBe('Something went wrong')
  expect(text).toContain('500')
  expect(text).toContain('That ends no session')
  expect(links).toEqual([['Try again', '/']])
})

it('leads to where the error kept a visitor from going, and never to another site', async () => {
  const kept = await errorPage(503, '/', { path: '/devices?a=1' })
  const elsewhere = await errorPage(503, '/', { path: '//evil.example' })

  expect(kept.links[0]).toEqual(['Try again', '/devices?a=1'])
  expect(elsewhere.links[0]).toEqual(['Try again', '/'])
})
