import { useAuthStore } from "../testing/store.ts";
import { describeCodeStore } from "./code-store.contract.ts";
import { createSqliteCodes } from "./code-store-sqlite.ts";

const store = useAuthStore();
describeCodeStore("sqlite", () => createSqliteCodes(store()));
