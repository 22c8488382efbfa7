/** Exists only while Nitro builds. It contains what the target platform lacks: for Node, nothing. */
declare module '#nitro-internal-pollyfills'
