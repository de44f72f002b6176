/**
 * Names of attributes in the semantic conventions of OpenTelemetry that Parley uses. Written out, as the package that
 * has them all takes longer to load than the rest of telemetry's own code; a test holds them to it.
 */
export const attributes = {
  rpcSystem: "rpc.system.name",
  rpcMethod: "rpc.method",
  rpcStatus: "rpc.status_code",
  errorType: "error.type",
  serverAddress: "server.address",
  serverPort: "server.port",
  messagingSystem: "messaging.system.name",
  messagingOperation: "messaging.operation.name",
  messagingOperationType: "messaging.operation.type",
  messagingDestination: "messaging.destination.name",
  messagingPartition: "messaging.destination.partition.id",
  messagingConsumerGroup: "messaging.consumer.group.name",
  messagingBatchCount: "messaging.batch.message_count",
  messagingMessageId: "messaging.message.id",
  databaseSystem: "db.system.name",
  databaseOperation: "db.operation.name",
  databaseCollection: "db.collection.name",
  databaseNamespace: "db.namespace",
  databaseBatchSize: "db.operation.batch.size",
  databaseSummary: "db.query.summary",
  serviceName: "service.name",
  serviceInstance: "service.instance.id",
} as const;
