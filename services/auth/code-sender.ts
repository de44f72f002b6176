/** Takes one-time codes to where only the owner of a contact reads them. */
export interface CodeSender {
  /**
   * Sends the code to a phone number in E.164 or an email address. Resolves once it was handed over; arrival is never
   * promised. May send twice. Rejects where it could not be handed over.
   */
  send(address: string, code: string): Promise<void>;
}
