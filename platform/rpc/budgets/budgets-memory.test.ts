import { createMemoryBudgets } from "../budgets.ts";
import { describeBudgets } from "./budgets.contract.ts";

describeBudgets("memory", async () => createMemoryBudgets());
