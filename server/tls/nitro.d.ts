/** Exists only while Nitro builds: what the target platform lacks. Nothing, for Node. */
declare module '#nitro-internal-pollyfills'
