/**
 * Branded types: a number or a string that the compiler keeps apart from its look-alikes.
 * A brand exists for the compiler only; at run time the value is the plain number or string.
 */
declare const brand: unique symbol;

export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
