/** A credential that proves nobody. The message says why, as the end of a sentence, and holds no secret. */
export class CredentialRefused extends Error {
  override readonly name = 'CredentialRefused';
}
