import { useAuthStore } from "../testing/store.ts";
import { describeAccountStore } from "./account-store.contract.ts";
import { createSqliteAccounts } from "./account-store-sqlite.ts";

const store = useAuthStore();
describeAccountStore("sqlite", () => createSqliteAccounts(store()));
