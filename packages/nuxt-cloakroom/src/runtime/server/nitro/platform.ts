import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Hooks, Peer } from 'crossws'
import type { H3Event } from 'h3'
import {
  createError, defineWebSocketHandler, eventHandler, getQuery, getRouterParam, isError, readRawBody, send,
  sendNoContent, setResponseHeader,
} from 'h3'
import type { NitroApp } from 'nitropack'
import { defineNitroPlugin, useRuntimeConfig, useStorage } from 'nitropack/runtime'
import type { Driver } from 'unstorage'

/*
 * The interface to the server framework. Only this folder imports Nitro and h3; everything outside it uses this file,
 * so that another version of Nitro needs another folder, and no other change.
 */

/** The event of a request. */
export type RequestEvent = H3Event

export type SocketHooks = Partial<Hooks>

export type SocketPeer = Peer

/** The server's app, as a plugin gets it. */
export type ServerApp = NitroApp

export interface HttpErrorOptions {
  readonly status: number
  readonly message: string
  /** The error's `data.code`. */
  readonly code?: string
}

export const definePlugin = defineNitroPlugin

export const defineHandler = eventHandler

export const defineSocketHandler = defineWebSocketHandler

const STATUS_TEXTS: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  429: 'Too Many Requests',
}

/** An error that becomes the response, with a JSON body. */
export function httpError({ status, message, code }: HttpErrorOptions) {
  const data = code === undefined ? undefined : { code }
  return createError({ statusCode: status, statusMessage: STATUS_TEXTS[status] ?? '', message, data })
}

/** The status of an error that becomes the response; `null` for any other error. */
export function statusOf(error: unknown): number | null {
  return isError(error) ? error.statusCode : null
}

/** Responds with 204. */
export function noContent(event: RequestEvent) {
  return sendNoContent(event)
}

/** Responds with JSON text as it is. */
export function sendJson(event: RequestEvent, text: string) {
  return send(event, text, 'application/json')
}

export function paramOf(event: RequestEvent, name: string): string {
  return getRouterParam(event, name) ?? ''
}

export function queryOf(event: RequestEvent): Record<string, unknown> {
  return getQuery(event)
}

/** The body of a request that the server makes to itself, which has no socket to read from. */
export async function subrequestBody(event: RequestEvent): Promise<string> {
  return await readRawBody(event) ?? ''
}

export function nodeRequestOf(event: RequestEvent): { req: IncomingMessage, res: ServerResponse } {
  return event.node
}

/** The runtime configuration of this module. */
export function readSettings(): Record<string, unknown> {
  return useRuntimeConfig().cloakroom as unknown as Record<string, unknown>
}

/** Makes a driver available under `useStorage(name)`. Returns a function that unmounts it. */
export function mountStorage(name: string, driver: Driver): () => Promise<void> {
  useStorage().mount(name, driver)
  return () => useStorage().unmount(name)
}

/** The unstorage driver that the app has mounted under this exact name. */
export function mountedDriver(name: string): Driver | undefined {
  const mount = useStorage().getMount(`${name}:`)
  return mount.base === `${name}:` ? mount.driver : undefined
}

/**
 * The 405 error for a method that a route does not have, so that GET and HEAD never run what changes something. Without
 * it the request would reach the page renderer.
 *
 * @param methods those that the route has, as in `Allow` (RFC 9110 section 15.5.6)
 */
export function methodNotAllowed(event: H3Event, methods: string) {
  setResponseHeader(event, 'allow', methods)
  return httpError({ status: 405, message: `${event.method} is not allowed here.` })
}
