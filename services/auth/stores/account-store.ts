import type { ClientId, DeviceId, UserId } from "#platform/runtime/ids.ts";

/** A person. Empty text stands for what the person does not have. */
export interface Account {
  readonly userId: UserId;
  readonly handle: string;
  /** E.164. Proves nothing until `contactOwner` of it is this account. */
  readonly phone: string;
  /** In lower case. Proves nothing until `contactOwner` of it is this account. */
  readonly email: string;
  /** Argon2id in PHC format. Empty: nobody logs in with a password. */
  readonly passwordHash: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** The call that registers an account. */
export interface RegistrationKey {
  readonly deviceId: DeviceId;
  readonly clientId: ClientId;
}

export interface Registration {
  readonly userId: UserId;
  /** SHA-256 of what was asked for, without the password. */
  readonly contentHash: Uint8Array;
  /** When the first call came; the account's age, however often it was repeated. */
  readonly createdAt: number;
}

/**
 * Accounts and the unique rows that point to them. Each table is its own partition key: nothing is atomic between two
 * methods, and a row may point to an account that is not there yet, or never will be.
 *
 * `claim…` is a conditional insert: the first one holds for good. It returns the row that stands afterwards, so a
 * repetition and a late arrival both learn the same, and the caller compares.
 */
export interface AccountStore {
  /** The account, or undefined. Partition: user id. */
  read(userId: UserId): Promise<Account | undefined>;
  /** Those of the named accounts that exist, in no order. */
  readMany(userIds: readonly UserId[]): Promise<Account[]>;
  /** False where the account exists; then nothing changed. */
  insert(account: Account): Promise<boolean>;
  /** Replaces the password hash if it is `from`. False: it is not, and nothing changed. */
  replacePassword(userId: UserId, from: string, to: string): Promise<boolean>;

  /** Who has the handle, or undefined. Partition: handle. */
  handleOwner(handle: string): Promise<UserId | undefined>;
  claimHandle(handle: string, userId: UserId): Promise<UserId>;

  /** Who confirmed the phone number or email address, or undefined. Partition: address. */
  contactOwner(address: string): Promise<UserId | undefined>;
  claimContact(address: string, userId: UserId): Promise<UserId>;

  /** Notes that an account names the address. Repeating it changes nothing. Partition: address. */
  addCandidate(address: string, createdAt: number, userId: UserId): Promise<void>;
  /** Accounts that name the address, oldest first, at most `limit`. */
  candidates(address: string, limit: number): Promise<UserId[]>;

  /** Partition: device id; clustering: client id. */
  registration(key: RegistrationKey): Promise<Registration | undefined>;
  claimRegistration(key: RegistrationKey, wanted: Registration): Promise<Registration>;
  /** Drops the row if it is of `userId`: its registration was refused and made no account. */
  forgetRegistration(key: RegistrationKey, userId: UserId): Promise<void>;

  /** The account of somebody known elsewhere, or undefined. Partition: issuer and subject. */
  externalOwner(issuer: string, subject: string): Promise<UserId | undefined>;
  claimExternal(issuer: string, subject: string, userId: UserId): Promise<UserId>;
}
