import { useAuthStore } from "../testing/store.ts";
import { describeSessionStore } from "./session-store.contract.ts";
import { createSqliteSessions } from "./session-store-sqlite.ts";

const store = useAuthStore();
describeSessionStore("sqlite", () => createSqliteSessions(store()));
