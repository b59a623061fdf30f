// Made of schemas/*.schema.json by 'npm run generate'. Do not edit.
import type { SettingsSchema } from '../sdk/configuration/schema.js';

/** Jumpcloud Directory Insights account, validated and complete. */
export interface ModuleConfiguration {
  /**
   * Address of the JumpCloud API, without path, where it is not that of a region. Must be https, except on the local machine. Beside another region than its own it is refused, except for the default, which stands for nothing there.
   */
  readonly base_url: string;
  /**
   * Region of the JumpCloud account, which stands for its address: https://api.jumpcloud.com, https://api.eu.jumpcloud.com or https://api.in.jumpcloud.com.
   */
  readonly region?: "standard" | "EU" | "IN";
  /**
   * API key of a JumpCloud administrator who may read Directory Insights. It is sent as x-api-key. Either this or a service account (client_id and client_secret) is required.
   */
  readonly apikey?: string;
  /**
   * Client ID of a JumpCloud service account with the scope api, in place of an API key. Needs client_secret and organization_id.
   */
  readonly client_id?: string;
  /**
   * Client secret of the service account. It is sent to token_url alone.
   */
  readonly client_secret?: string;
  /**
   * Where the service account gets its access tokens. Must be https, except on the local machine.
   */
  readonly token_url: string;
  /**
   * Identifier of the one organization to read, sent as x-org-id. Needed where the administrator sees several organizations, and with a service account.
   */
  readonly organization_id?: string;
}

/** schemas/module-configuration.schema.json */
export const moduleConfigurationSchema: SettingsSchema = {
  "title": "Jumpcloud Directory Insights account",
  "type": "object",
  "properties": {
    "base_url": {
      "title": "API address",
      "description": "Address of the JumpCloud API, without path, where it is not that of a region. Must be https, except on the local machine. Beside another region than its own it is refused, except for the default, which stands for nothing there.",
      "type": "string",
      "default": "https://api.jumpcloud.com/"
    },
    "region": {
      "title": "Region",
      "description": "Region of the JumpCloud account, which stands for its address: https://api.jumpcloud.com, https://api.eu.jumpcloud.com or https://api.in.jumpcloud.com.",
      "type": "string",
      "enum": [
        "standard",
        "EU",
        "IN"
      ]
    },
    "apikey": {
      "title": "API key",
      "description": "API key of a JumpCloud administrator who may read Directory Insights. It is sent as x-api-key. Either this or a service account (client_id and client_secret) is required.",
      "type": "string"
    },
    "client_id": {
      "title": "Client ID",
      "description": "Client ID of a JumpCloud service account with the scope api, in place of an API key. Needs client_secret and organization_id.",
      "type": "string",
      "x-secret": true
    },
    "client_secret": {
      "title": "Client secret",
      "description": "Client secret of the service account. It is sent to token_url alone.",
      "type": "string"
    },
    "token_url": {
      "title": "Token address",
      "description": "Where the service account gets its access tokens. Must be https, except on the local machine.",
      "type": "string",
      "default": "https://admin-oauth.id.jumpcloud.com/oauth2/token"
    },
    "organization_id": {
      "title": "Organization",
      "description": "Identifier of the one organization to read, sent as x-org-id. Needed where the administrator sees several organizations, and with a service account.",
      "type": "string"
    }
  },
  "required": [],
  "secrets": [
    "apikey",
    "client_secret"
  ]
};

/** Jumpcloud Directory Insights Connector arguments, validated and complete. */
export interface ConnectorArguments {
  /**
   * Key of the Sekoia.io intake that receives the events.
   */
  readonly intake_key: string;
  /**
   * Address of the intake server, such as https://intake.sekoia.io. Without it, the address that the platform provides for its region (intake_url) is used. Must be https, except on the local machine or with allow_unencrypted_intake.
   */
  readonly intake_server?: string;
  /**
   * Whether intake_server may be an http address: for a relay inside a network of your own. The intake key and every event can be read on their way there.
   */
  readonly allow_unencrypted_intake: boolean;
  /**
   * Services whose events are collected: names separated by commas, or a list. 'all' means every service. Case and blanks do not matter. Write unlisted:NAME to send a name that this version does not know.
   */
  readonly service: string | string[];
  /**
   * Organizations whose events are collected, each by itself: ids separated by commas, or a list. A name for logs and metrics may follow an id, as in ID=NAME. Without it, the organization of the account is collected, or the only one that its key can read.
   */
  readonly organizations?: string | string[];
  /**
   * Id of a provider (multi-tenant portal) whose own events are collected, beside those of the organizations.
   */
  readonly provider_id?: string;
  /**
   * Keys of intakes, by id of an organization or of the provider, where they are not all one's: an object. The others use intake_key.
   */
  readonly organization_intake_keys?: {
    [k: string]: string;
  };
  /**
   * Collects only the events that this filter of the API lets through, a JSON object or its text: one of and, or, not, with a list of objects of one field each. Nested fields have dots, several values stand in a list; write values in lower case.
   */
  readonly search_term?: string | {};
  /**
   * Seconds from the start of one collection cycle to the start of the next.
   */
  readonly frequency: number;
  /**
   * Where the very first run starts: a duration before now, an RFC 3339 time, or 'retention' for the 90 days that JumpCloud keeps. Ignored once a position is stored.
   */
  readonly start_from: string;
  /**
   * How far the connector looks back behind its position for events that became visible late. Events already delivered are recognised and not sent again.
   */
  readonly overlap: string;
  /**
   * How late an event may become visible and still be found: for so long the delivered ids are remembered, and the API's counts are compared with them.
   */
  readonly settling_horizon: string;
  /**
   * How often the API's count of events in the settling horizon is compared with what was delivered. Costs one request where they agree.
   */
  readonly reconcile_every: string;
  /**
   * Most events asked of the API in one request.
   */
  readonly page_size: number;
  /**
   * Most requests sent to the API in one second. A fraction is allowed: 0.5 is one request every two seconds.
   */
  readonly requests_per_second: number;
  /**
   * Most events pushed to the intake in one request. The intake's limit in bytes holds as well and usually decides.
   */
  readonly chunk_size: number;
  /**
   * How long a failed push is tried again before it is reported. The position does not move; the same events are taken up again afterwards.
   */
  readonly retry_for: string;
  /**
   * How events are put into requests to the intake. 'batch' sends them as texts in a JSON document (/batch), byte for byte. 'plain_batch' sends one event a line (/plain/batch): about a tenth smaller and cheaper to make; line breaks between the members of an event become blanks.
   */
  readonly intake_format: "batch" | "plain_batch";
  /**
   * Whether requests to the intake are compressed: 'gzip' costs processor time and saves most of the bandwidth, for a slow or metered line.
   */
  readonly intake_compression: "none" | "gzip";
  /**
   * What becomes of an event over the intake's limit of 250,000 bytes. 'trim' sends a copy whose largest lists and texts are cut, and keeps the whole event in the dead letter; 'dead_letter' only keeps it.
   */
  readonly oversized_events: "trim" | "dead_letter";
  /**
   * Most megabytes that the dead letter may take. Where it is full, collection stops and says so: nothing is overwritten.
   */
  readonly dead_letter_limit: number;
  /**
   * Least severe level that is logged.
   */
  readonly log_level: "debug" | "info" | "warning" | "error";
}

/** schemas/connector-arguments.schema.json */
export const connectorArgumentsSchema: SettingsSchema = {
  "title": "Jumpcloud Directory Insights Connector arguments",
  "type": "object",
  "properties": {
    "intake_key": {
      "title": "Intake key",
      "description": "Key of the Sekoia.io intake that receives the events.",
      "type": "string",
      "x-secret": true
    },
    "intake_server": {
      "title": "Intake address",
      "description": "Address of the intake server, such as https://intake.sekoia.io. Without it, the address that the platform provides for its region (intake_url) is used. Must be https, except on the local machine or with allow_unencrypted_intake.",
      "type": "string"
    },
    "allow_unencrypted_intake": {
      "title": "Allow an unencrypted intake",
      "description": "Whether intake_server may be an http address: for a relay inside a network of your own. The intake key and every event can be read on their way there.",
      "type": "boolean",
      "default": false
    },
    "service": {
      "title": "Services",
      "description": "Services whose events are collected: names separated by commas, or a list. 'all' means every service. Case and blanks do not matter. Write unlisted:NAME to send a name that this version does not know.",
      "type": [
        "string",
        "array"
      ],
      "items": {
        "type": "string"
      },
      "default": "all",
      "examples": [
        "sso,radius"
      ]
    },
    "organizations": {
      "title": "Organizations",
      "description": "Organizations whose events are collected, each by itself: ids separated by commas, or a list. A name for logs and metrics may follow an id, as in ID=NAME. Without it, the organization of the account is collected, or the only one that its key can read.",
      "type": [
        "string",
        "array"
      ],
      "items": {
        "type": "string"
      },
      "examples": [
        "5f1e0c2d9a4b7c6d8e9f0a1b=Example Corp"
      ]
    },
    "provider_id": {
      "title": "Provider",
      "description": "Id of a provider (multi-tenant portal) whose own events are collected, beside those of the organizations.",
      "type": "string"
    },
    "organization_intake_keys": {
      "title": "Intake keys of organizations",
      "description": "Keys of intakes, by id of an organization or of the provider, where they are not all one's: an object. The others use intake_key.",
      "type": "object",
      "additionalProperties": {
        "type": "string"
      },
      "x-secret": true
    },
    "search_term": {
      "title": "Filter",
      "description": "Collects only the events that this filter of the API lets through, a JSON object or its text: one of and, or, not, with a list of objects of one field each. Nested fields have dots, several values stand in a list; write values in lower case.",
      "type": [
        "string",
        "object"
      ],
      "examples": [
        "{\"and\":[{\"success\":\"false\"},{\"initiated_by.type\":[\"admin\",\"user\"]}]}"
      ]
    },
    "frequency": {
      "title": "Frequency",
      "description": "Seconds from the start of one collection cycle to the start of the next.",
      "type": "integer",
      "minimum": 1,
      "maximum": 86400,
      "default": 60,
      "x-unit": "seconds"
    },
    "start_from": {
      "title": "Start from",
      "description": "Where the very first run starts: a duration before now, an RFC 3339 time, or 'retention' for the 90 days that JumpCloud keeps. Ignored once a position is stored.",
      "type": "string",
      "default": "1m",
      "examples": [
        "30d",
        "6h",
        "2030-01-02T03:04:05Z",
        "retention"
      ]
    },
    "overlap": {
      "title": "Overlap",
      "description": "How far the connector looks back behind its position for events that became visible late. Events already delivered are recognised and not sent again.",
      "type": "string",
      "default": "5m",
      "x-duration": {
        "minimum": "0s",
        "maximum": "24h"
      }
    },
    "settling_horizon": {
      "title": "Settling horizon",
      "description": "How late an event may become visible and still be found: for so long the delivered ids are remembered, and the API's counts are compared with them.",
      "type": "string",
      "default": "24h",
      "x-duration": {
        "minimum": "10m",
        "maximum": "30d"
      }
    },
    "reconcile_every": {
      "title": "Reconcile every",
      "description": "How often the API's count of events in the settling horizon is compared with what was delivered. Costs one request where they agree.",
      "type": "string",
      "default": "5m",
      "x-duration": {
        "minimum": "10s",
        "maximum": "24h"
      }
    },
    "page_size": {
      "title": "Page size",
      "description": "Most events asked of the API in one request.",
      "type": "integer",
      "minimum": 1,
      "maximum": 10000,
      "default": 10000,
      "x-unit": "events"
    },
    "requests_per_second": {
      "title": "Requests per second",
      "description": "Most requests sent to the API in one second. A fraction is allowed: 0.5 is one request every two seconds.",
      "type": "number",
      "exclusiveMinimum": 0,
      "maximum": 1000,
      "default": 10,
      "x-unit": "requests"
    },
    "chunk_size": {
      "title": "Chunk size",
      "description": "Most events pushed to the intake in one request. The intake's limit in bytes holds as well and usually decides.",
      "type": "integer",
      "minimum": 1,
      "maximum": 100000,
      "default": 10000,
      "x-unit": "events"
    },
    "retry_for": {
      "title": "Retry for",
      "description": "How long a failed push is tried again before it is reported. The position does not move; the same events are taken up again afterwards.",
      "type": "string",
      "default": "1h",
      "x-duration": {
        "minimum": "0s",
        "maximum": "7d"
      }
    },
    "intake_format": {
      "title": "Form of requests",
      "description": "How events are put into requests to the intake. 'batch' sends them as texts in a JSON document (/batch), byte for byte. 'plain_batch' sends one event a line (/plain/batch): about a tenth smaller and cheaper to make; line breaks between the members of an event become blanks.",
      "type": "string",
      "enum": [
        "batch",
        "plain_batch"
      ],
      "default": "batch"
    },
    "intake_compression": {
      "title": "Compression of requests",
      "description": "Whether requests to the intake are compressed: 'gzip' costs processor time and saves most of the bandwidth, for a slow or metered line.",
      "type": "string",
      "enum": [
        "none",
        "gzip"
      ],
      "default": "none"
    },
    "oversized_events": {
      "title": "Oversized events",
      "description": "What becomes of an event over the intake's limit of 250,000 bytes. 'trim' sends a copy whose largest lists and texts are cut, and keeps the whole event in the dead letter; 'dead_letter' only keeps it.",
      "type": "string",
      "enum": [
        "trim",
        "dead_letter"
      ],
      "default": "trim"
    },
    "dead_letter_limit": {
      "title": "Dead letter limit",
      "description": "Most megabytes that the dead letter may take. Where it is full, collection stops and says so: nothing is overwritten.",
      "type": "integer",
      "minimum": 1,
      "maximum": 1000000,
      "default": 1024,
      "x-unit": "megabytes"
    },
    "log_level": {
      "title": "Log level",
      "description": "Least severe level that is logged.",
      "type": "string",
      "enum": [
        "debug",
        "info",
        "warning",
        "error"
      ],
      "default": "info"
    }
  },
  "required": [
    "intake_key"
  ]
};

/** Jumpcloud Directory Insights Storage Connector arguments, validated and complete. */
export interface StorageConnectorArguments {
  /**
   * Key of the Sekoia.io intake that receives the events.
   */
  readonly intake_key: string;
  /**
   * Address of the intake server, such as https://intake.sekoia.io. Without it, the address that the platform provides for its region (intake_url) is used. Must be https, except on the local machine or with allow_unencrypted_intake.
   */
  readonly intake_server?: string;
  /**
   * Whether intake_server may be an http address: for a relay inside a network of your own. The intake key and every event can be read on their way there.
   */
  readonly allow_unencrypted_intake: boolean;
  /**
   * Bucket of an S3-compatible object storage that holds the exported events. Either this or path.
   */
  readonly bucket?: string;
  /**
   * Beginning of the names of the objects that are read, such as jumpcloud/. Without it, all objects of the bucket are.
   */
  readonly prefix?: string;
  /**
   * Region of the bucket, and of the queue.
   */
  readonly region: string;
  /**
   * Address of the object storage where it is not AWS's own, such as https://s3.example.org.
   */
  readonly endpoint?: string;
  /**
   * Whether the bucket stands in the path of addresses instead of the name of the host. Without it, where endpoint is given.
   */
  readonly path_style?: boolean;
  /**
   * Id of the access key. Without keys, what the environment offers counts, such as the role of the machine or pod.
   */
  readonly access_key_id?: string;
  /**
   * The secret that belongs to access_key_id.
   */
  readonly secret_access_key?: string;
  /**
   * Role that is taken on to read the bucket and the queue, such as arn:aws:iam::123456789012:role/reader.
   */
  readonly role_arn?: string;
  /**
   * External id that the trust policy of the role asks for.
   */
  readonly external_id?: string;
  /**
   * Address of an SQS queue that is told of new objects: S3 event notifications or events of EventBridge, as they are or wrapped by SNS.
   */
  readonly queue_url?: string;
  /**
   * How often the bucket is listed nevertheless where there is a queue, for objects of which no message told.
   */
  readonly queue_list_every: string;
  /**
   * Directory or file of this machine that is read instead of a bucket; - is standard input, which is read once. For the runner.
   */
  readonly path?: string;
  /**
   * Data path of the connector that collects the same organization from the API: a directory, or s3://bucket/folder with this connector's access. What that one collects is left to it, so that every event is delivered once.
   */
  readonly api_data_path?: string;
  /**
   * Seconds from the start of one listing to the start of the next, where there is no queue.
   */
  readonly frequency: number;
  /**
   * Most megabytes that the ids of delivered events may take, 10 bytes each. Beyond it the oldest are forgotten, with a warning.
   */
  readonly id_limit: number;
  /**
   * Most events pushed to the intake in one request. The intake's limit in bytes holds as well and usually decides.
   */
  readonly chunk_size: number;
  /**
   * How long a failed push is tried again before it is reported. The position does not move; the same events are taken up again afterwards.
   */
  readonly retry_for: string;
  /**
   * How events are put into requests to the intake. 'batch' sends them as texts in a JSON document (/batch), byte for byte. 'plain_batch' sends one event a line (/plain/batch): about a tenth smaller and cheaper to make; line breaks between the members of an event become blanks.
   */
  readonly intake_format: "batch" | "plain_batch";
  /**
   * Whether requests to the intake are compressed: 'gzip' costs processor time and saves most of the bandwidth, for a slow or metered line.
   */
  readonly intake_compression: "none" | "gzip";
  /**
   * What becomes of an event over the intake's limit of 250,000 bytes. 'trim' sends a copy whose largest lists and texts are cut, and keeps the whole event in the dead letter; 'dead_letter' only keeps it.
   */
  readonly oversized_events: "trim" | "dead_letter";
  /**
   * Most megabytes that the dead letter may take. Where it is full, collection stops and says so: nothing is overwritten.
   */
  readonly dead_letter_limit: number;
  /**
   * Least severe level that is logged.
   */
  readonly log_level: "debug" | "info" | "warning" | "error";
}

/** schemas/storage-connector-arguments.schema.json */
export const storageConnectorArgumentsSchema: SettingsSchema = {
  "title": "Jumpcloud Directory Insights Storage Connector arguments",
  "type": "object",
  "properties": {
    "intake_key": {
      "title": "Intake key",
      "description": "Key of the Sekoia.io intake that receives the events.",
      "type": "string",
      "x-secret": true
    },
    "intake_server": {
      "title": "Intake address",
      "description": "Address of the intake server, such as https://intake.sekoia.io. Without it, the address that the platform provides for its region (intake_url) is used. Must be https, except on the local machine or with allow_unencrypted_intake.",
      "type": "string"
    },
    "allow_unencrypted_intake": {
      "title": "Allow an unencrypted intake",
      "description": "Whether intake_server may be an http address: for a relay inside a network of your own. The intake key and every event can be read on their way there.",
      "type": "boolean",
      "default": false
    },
    "bucket": {
      "title": "Bucket",
      "description": "Bucket of an S3-compatible object storage that holds the exported events. Either this or path.",
      "type": "string"
    },
    "prefix": {
      "title": "Prefix",
      "description": "Beginning of the names of the objects that are read, such as jumpcloud/. Without it, all objects of the bucket are.",
      "type": "string"
    },
    "region": {
      "title": "Region",
      "description": "Region of the bucket, and of the queue.",
      "type": "string",
      "default": "us-east-1",
      "examples": [
        "eu-west-3"
      ]
    },
    "endpoint": {
      "title": "Endpoint",
      "description": "Address of the object storage where it is not AWS's own, such as https://s3.example.org.",
      "type": "string"
    },
    "path_style": {
      "title": "Path style",
      "description": "Whether the bucket stands in the path of addresses instead of the name of the host. Without it, where endpoint is given.",
      "type": "boolean"
    },
    "access_key_id": {
      "title": "Access key id",
      "description": "Id of the access key. Without keys, what the environment offers counts, such as the role of the machine or pod.",
      "type": "string"
    },
    "secret_access_key": {
      "title": "Secret access key",
      "description": "The secret that belongs to access_key_id.",
      "type": "string",
      "x-secret": true
    },
    "role_arn": {
      "title": "Role",
      "description": "Role that is taken on to read the bucket and the queue, such as arn:aws:iam::123456789012:role/reader.",
      "type": "string"
    },
    "external_id": {
      "title": "External id",
      "description": "External id that the trust policy of the role asks for.",
      "type": "string"
    },
    "queue_url": {
      "title": "Queue",
      "description": "Address of an SQS queue that is told of new objects: S3 event notifications or events of EventBridge, as they are or wrapped by SNS.",
      "type": "string"
    },
    "queue_list_every": {
      "title": "List every, beside a queue",
      "description": "How often the bucket is listed nevertheless where there is a queue, for objects of which no message told.",
      "type": "string",
      "default": "6h",
      "x-duration": {
        "minimum": "1m",
        "maximum": "7d"
      }
    },
    "path": {
      "title": "Path",
      "description": "Directory or file of this machine that is read instead of a bucket; - is standard input, which is read once. For the runner.",
      "type": "string",
      "examples": [
        "./export"
      ]
    },
    "api_data_path": {
      "title": "State of the API connector",
      "description": "Data path of the connector that collects the same organization from the API: a directory, or s3://bucket/folder with this connector's access. What that one collects is left to it, so that every event is delivered once.",
      "type": "string"
    },
    "frequency": {
      "title": "Frequency",
      "description": "Seconds from the start of one listing to the start of the next, where there is no queue.",
      "type": "integer",
      "minimum": 1,
      "maximum": 86400,
      "default": 60,
      "x-unit": "seconds"
    },
    "id_limit": {
      "title": "Limit of remembered ids",
      "description": "Most megabytes that the ids of delivered events may take, 10 bytes each. Beyond it the oldest are forgotten, with a warning.",
      "type": "integer",
      "minimum": 1,
      "maximum": 1000000,
      "default": 1024,
      "x-unit": "megabytes"
    },
    "chunk_size": {
      "title": "Chunk size",
      "description": "Most events pushed to the intake in one request. The intake's limit in bytes holds as well and usually decides.",
      "type": "integer",
      "minimum": 1,
      "maximum": 100000,
      "default": 10000,
      "x-unit": "events"
    },
    "retry_for": {
      "title": "Retry for",
      "description": "How long a failed push is tried again before it is reported. The position does not move; the same events are taken up again afterwards.",
      "type": "string",
      "default": "1h",
      "x-duration": {
        "minimum": "0s",
        "maximum": "7d"
      }
    },
    "intake_format": {
      "title": "Form of requests",
      "description": "How events are put into requests to the intake. 'batch' sends them as texts in a JSON document (/batch), byte for byte. 'plain_batch' sends one event a line (/plain/batch): about a tenth smaller and cheaper to make; line breaks between the members of an event become blanks.",
      "type": "string",
      "enum": [
        "batch",
        "plain_batch"
      ],
      "default": "batch"
    },
    "intake_compression": {
      "title": "Compression of requests",
      "description": "Whether requests to the intake are compressed: 'gzip' costs processor time and saves most of the bandwidth, for a slow or metered line.",
      "type": "string",
      "enum": [
        "none",
        "gzip"
      ],
      "default": "none"
    },
    "oversized_events": {
      "title": "Oversized events",
      "description": "What becomes of an event over the intake's limit of 250,000 bytes. 'trim' sends a copy whose largest lists and texts are cut, and keeps the whole event in the dead letter; 'dead_letter' only keeps it.",
      "type": "string",
      "enum": [
        "trim",
        "dead_letter"
      ],
      "default": "trim"
    },
    "dead_letter_limit": {
      "title": "Dead letter limit",
      "description": "Most megabytes that the dead letter may take. Where it is full, collection stops and says so: nothing is overwritten.",
      "type": "integer",
      "minimum": 1,
      "maximum": 1000000,
      "default": 1024,
      "x-unit": "megabytes"
    },
    "log_level": {
      "title": "Log level",
      "description": "Least severe level that is logged.",
      "type": "string",
      "enum": [
        "debug",
        "info",
        "warning",
        "error"
      ],
      "default": "info"
    }
  },
  "required": [
    "intake_key"
  ]
};

/** Playbook file, validated and complete. */
export interface PlaybookFile {
  /**
   * The trigger to run: its name or its docker_parameters.
   */
  readonly trigger: string;
  /**
   * The module configuration: see module-configuration.schema.json.
   */
  readonly account?: {
    [k: string]: unknown;
  };
  /**
   * The trigger's arguments: see connector-arguments.schema.json.
   */
  readonly arguments?: {
    [k: string]: unknown;
  };
  /**
   * Directory of the state files. A relative path starts at the directory of the playbook file.
   */
  readonly data_path?: string;
  /**
   * Address of the intake where arguments.intake_server is not set: what the platform would provide.
   */
  readonly intake_url?: string;
}

/** schemas/playbook.schema.json */
export const playbookSchema: SettingsSchema = {
  "title": "Playbook file",
  "description": "What to run on this machine. Texts may refer to environment variables as ${NAME}; $${ stands for ${ itself.",
  "type": "object",
  "properties": {
    "trigger": {
      "title": "Trigger",
      "description": "The trigger to run: its name or its docker_parameters.",
      "type": "string",
      "minLength": 1
    },
    "account": {
      "title": "Account",
      "description": "The module configuration: see module-configuration.schema.json.",
      "type": "object",
      "additionalProperties": true
    },
    "arguments": {
      "title": "Arguments",
      "description": "The trigger's arguments: see connector-arguments.schema.json.",
      "type": "object",
      "additionalProperties": true
    },
    "data_path": {
      "title": "Data path",
      "description": "Directory of the state files. A relative path starts at the directory of the playbook file.",
      "type": "string"
    },
    "intake_url": {
      "title": "Intake address",
      "description": "Address of the intake where arguments.intake_server is not set: what the platform would provide.",
      "type": "string"
    }
  },
  "required": [
    "trigger"
  ],
  "additionalProperties": false
};
