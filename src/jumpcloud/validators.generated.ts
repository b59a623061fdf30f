// Made of schemas/*.schema.json by 'npm run generate'. Do not edit.
// @ts-nocheck
import part0 from 'ajv/dist/runtime/ucs2length.js';

export const validateModule = validate10;
const schema11 = {"title":"Jumpcloud Directory Insights account","type":"object","properties":{"base_url":{"title":"API address","description":"Address of the JumpCloud API, without path, where it is not that of a region. Must be https, except on the local machine. Beside another region than its own it is refused, except for the default, which stands for nothing there.","type":"string","default":"https://api.jumpcloud.com/"},"region":{"title":"Region","description":"Region of the JumpCloud account, which stands for its address: https://api.jumpcloud.com, https://api.eu.jumpcloud.com or https://api.in.jumpcloud.com.","type":"string","enum":["standard","EU","IN"]},"apikey":{"title":"API key","description":"API key of a JumpCloud administrator who may read Directory Insights. It is sent as x-api-key. Either this or a service account (client_id and client_secret) is required.","type":"string"},"client_id":{"title":"Client ID","description":"Client ID of a JumpCloud service account with the scope api, in place of an API key. Needs client_secret and organization_id.","type":"string","x-secret":true},"client_secret":{"title":"Client secret","description":"Client secret of the service account. It is sent to token_url alone.","type":"string"},"token_url":{"title":"Token address","description":"Where the service account gets its access tokens. Must be https, except on the local machine.","type":"string","default":"https://admin-oauth.id.jumpcloud.com/oauth2/token"},"organization_id":{"title":"Organization","description":"Identifier of the one organization to read, sent as x-org-id. Needed where the administrator sees several organizations, and with a service account.","type":"string"}},"required":[],"secrets":["apikey","client_secret"]};

function validate10(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if(data.base_url !== undefined){
let data0 = data.base_url;
if(typeof data0 !== "string"){
const err0 = {instancePath:instancePath+"/base_url",schemaPath:"#/properties/base_url/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema11.properties.base_url.type,parentSchema:schema11.properties.base_url,data:data0};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
if(data.region !== undefined){
let data1 = data.region;
if(typeof data1 !== "string"){
const err1 = {instancePath:instancePath+"/region",schemaPath:"#/properties/region/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema11.properties.region.type,parentSchema:schema11.properties.region,data:data1};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
if(!(((data1 === "standard") || (data1 === "EU")) || (data1 === "IN"))){
const err2 = {instancePath:instancePath+"/region",schemaPath:"#/properties/region/enum",keyword:"enum",params:{allowedValues: schema11.properties.region.enum},message:"must be equal to one of the allowed values",schema:schema11.properties.region.enum,parentSchema:schema11.properties.region,data:data1};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(data.apikey !== undefined){
let data2 = data.apikey;
if(typeof data2 !== "string"){
const err3 = {instancePath:instancePath+"/apikey",schemaPath:"#/properties/apikey/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema11.properties.apikey.type,parentSchema:schema11.properties.apikey,data:data2};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
if(data.client_id !== undefined){
let data3 = data.client_id;
if(typeof data3 !== "string"){
const err4 = {instancePath:instancePath+"/client_id",schemaPath:"#/properties/client_id/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema11.properties.client_id.type,parentSchema:schema11.properties.client_id,data:data3};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
if(data.client_secret !== undefined){
let data4 = data.client_secret;
if(typeof data4 !== "string"){
const err5 = {instancePath:instancePath+"/client_secret",schemaPath:"#/properties/client_secret/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema11.properties.client_secret.type,parentSchema:schema11.properties.client_secret,data:data4};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
if(data.token_url !== undefined){
let data5 = data.token_url;
if(typeof data5 !== "string"){
const err6 = {instancePath:instancePath+"/token_url",schemaPath:"#/properties/token_url/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema11.properties.token_url.type,parentSchema:schema11.properties.token_url,data:data5};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
if(data.organization_id !== undefined){
let data6 = data.organization_id;
if(typeof data6 !== "string"){
const err7 = {instancePath:instancePath+"/organization_id",schemaPath:"#/properties/organization_id/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema11.properties.organization_id.type,parentSchema:schema11.properties.organization_id,data:data6};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
}
else {
const err8 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema11.type,parentSchema:schema11,data};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
validate10.errors = vErrors;
return errors === 0;
}

export const validateArguments = validate11;
const schema12 = {"title":"Jumpcloud Directory Insights Connector arguments","type":"object","properties":{"intake_key":{"title":"Intake key","description":"Key of the Sekoia.io intake that receives the events.","type":"string","x-secret":true},"intake_server":{"title":"Intake address","description":"Address of the intake server, such as https://intake.sekoia.io. Without it, the address that the platform provides for its region (intake_url) is used. Must be https, except on the local machine or with allow_unencrypted_intake.","type":"string"},"allow_unencrypted_intake":{"title":"Allow an unencrypted intake","description":"Whether intake_server may be an http address: for a relay inside a network of your own. The intake key and every event can be read on their way there.","type":"boolean","default":false},"service":{"title":"Services","description":"Services whose events are collected: names separated by commas, or a list. 'all' means every service. Case and blanks do not matter. Write unlisted:NAME to send a name that this version does not know.","type":["string","array"],"items":{"type":"string"},"default":"all","examples":["sso,radius"]},"organizations":{"title":"Organizations","description":"Organizations whose events are collected, each by itself: ids separated by commas, or a list. A name for logs and metrics may follow an id, as in ID=NAME. Without it, the organization of the account is collected, or the only one that its key can read.","type":["string","array"],"items":{"type":"string"},"examples":["5f1e0c2d9a4b7c6d8e9f0a1b=Example Corp"]},"provider_id":{"title":"Provider","description":"Id of a provider (multi-tenant portal) whose own events are collected, beside those of the organizations.","type":"string"},"organization_intake_keys":{"title":"Intake keys of organizations","description":"Keys of intakes, by id of an organization or of the provider, where they are not all one's: an object. The others use intake_key.","type":"object","additionalProperties":{"type":"string"},"x-secret":true},"search_term":{"title":"Filter","description":"Collects only the events that this filter of the API lets through, a JSON object or its text: one of and, or, not, with a list of objects of one field each. Nested fields have dots, several values stand in a list; write values in lower case.","type":["string","object"],"examples":["{\"and\":[{\"success\":\"false\"},{\"initiated_by.type\":[\"admin\",\"user\"]}]}"]},"frequency":{"title":"Frequency","description":"Seconds from the start of one collection cycle to the start of the next.","type":"integer","minimum":1,"maximum":86400,"default":60,"x-unit":"seconds"},"start_from":{"title":"Start from","description":"Where the very first run starts: a duration before now, an RFC 3339 time, or 'retention' for the 90 days that JumpCloud keeps. Ignored once a position is stored.","type":"string","default":"1m","examples":["30d","6h","2030-01-02T03:04:05Z","retention"]},"overlap":{"title":"Overlap","description":"How far the connector looks back behind its position for events that became visible late. Events already delivered are recognised and not sent again.","type":"string","default":"5m","x-duration":{"minimum":"0s","maximum":"24h"}},"settling_horizon":{"title":"Settling horizon","description":"How late an event may become visible and still be found: for so long the delivered ids are remembered, and the API's counts are compared with them.","type":"string","default":"24h","x-duration":{"minimum":"10m","maximum":"30d"}},"reconcile_every":{"title":"Reconcile every","description":"How often the API's count of events in the settling horizon is compared with what was delivered. Costs one request where they agree.","type":"string","default":"5m","x-duration":{"minimum":"10s","maximum":"24h"}},"page_size":{"title":"Page size","description":"Most events asked of the API in one request.","type":"integer","minimum":1,"maximum":10000,"default":10000,"x-unit":"events"},"requests_per_second":{"title":"Requests per second","description":"Most requests sent to the API in one second. A fraction is allowed: 0.5 is one request every two seconds.","type":"number","exclusiveMinimum":0,"maximum":1000,"default":10,"x-unit":"requests"},"chunk_size":{"title":"Chunk size","description":"Most events pushed to the intake in one request. The intake's limit in bytes holds as well and usually decides.","type":"integer","minimum":1,"maximum":100000,"default":10000,"x-unit":"events"},"retry_for":{"title":"Retry for","description":"How long a failed push is tried again before it is reported. The position does not move; the same events are taken up again afterwards.","type":"string","default":"1h","x-duration":{"minimum":"0s","maximum":"7d"}},"intake_format":{"title":"Form of requests","description":"How events are put into requests to the intake. 'batch' sends them as texts in a JSON document (/batch), byte for byte. 'plain_batch' sends one event a line (/plain/batch): about a tenth smaller and cheaper to make; line breaks between the members of an event become blanks.","type":"string","enum":["batch","plain_batch"],"default":"batch"},"intake_compression":{"title":"Compression of requests","description":"Whether requests to the intake are compressed: 'gzip' costs processor time and saves most of the bandwidth, for a slow or metered line.","type":"string","enum":["none","gzip"],"default":"none"},"oversized_events":{"title":"Oversized events","description":"What becomes of an event over the intake's limit of 250,000 bytes. 'trim' sends a copy whose largest lists and texts are cut, and keeps the whole event in the dead letter; 'dead_letter' only keeps it.","type":"string","enum":["trim","dead_letter"],"default":"trim"},"dead_letter_limit":{"title":"Dead letter limit","description":"Most megabytes that the dead letter may take. Where it is full, collection stops and says so: nothing is overwritten.","type":"integer","minimum":1,"maximum":1000000,"default":1024,"x-unit":"megabytes"},"log_level":{"title":"Log level","description":"Least severe level that is logged.","type":"string","enum":["debug","info","warning","error"],"default":"info"}},"required":["intake_key"]};

function validate11(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if(data.intake_key === undefined){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "intake_key"},message:"must have required property '"+"intake_key"+"'",schema:schema12.required,parentSchema:schema12,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(data.intake_key !== undefined){
let data0 = data.intake_key;
if(typeof data0 !== "string"){
const err1 = {instancePath:instancePath+"/intake_key",schemaPath:"#/properties/intake_key/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema12.properties.intake_key.type,parentSchema:schema12.properties.intake_key,data:data0};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
if(data.intake_server !== undefined){
let data1 = data.intake_server;
if(typeof data1 !== "string"){
const err2 = {instancePath:instancePath+"/intake_server",schemaPath:"#/properties/intake_server/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema12.properties.intake_server.type,parentSchema:schema12.properties.intake_server,data:data1};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(data.allow_unencrypted_intake !== undefined){
let data2 = data.allow_unencrypted_intake;
if(typeof data2 !== "boolean"){
const err3 = {instancePath:instancePath+"/allow_unencrypted_intake",schemaPath:"#/properties/allow_unencrypted_intake/type",keyword:"type",params:{type: "boolean"},message:"must be boolean",schema:schema12.properties.allow_unencrypted_intake.type,parentSchema:schema12.properties.allow_unencrypted_intake,data:data2};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
if(data.service !== undefined){
let data3 = data.service;
if((typeof data3 !== "string") && (!(Array.isArray(data3)))){
const err4 = {instancePath:instancePath+"/service",schemaPath:"#/properties/service/type",keyword:"type",params:{type: schema12.properties.service.type},message:"must be string,array",schema:schema12.properties.service.type,parentSchema:schema12.properties.service,data:data3};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
if(Array.isArray(data3)){
const len0 = data3.length;
for(let i0=0; i0<len0; i0++){
let data4 = data3[i0];
if(typeof data4 !== "string"){
const err5 = {instancePath:instancePath+"/service/" + i0,schemaPath:"#/properties/service/items/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema12.properties.service.items.type,parentSchema:schema12.properties.service.items,data:data4};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
}
}
if(data.organizations !== undefined){
let data5 = data.organizations;
if((typeof data5 !== "string") && (!(Array.isArray(data5)))){
const err6 = {instancePath:instancePath+"/organizations",schemaPath:"#/properties/organizations/type",keyword:"type",params:{type: schema12.properties.organizations.type},message:"must be string,array",schema:schema12.properties.organizations.type,parentSchema:schema12.properties.organizations,data:data5};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
if(Array.isArray(data5)){
const len1 = data5.length;
for(let i1=0; i1<len1; i1++){
let data6 = data5[i1];
if(typeof data6 !== "string"){
const err7 = {instancePath:instancePath+"/organizations/" + i1,schemaPath:"#/properties/organizations/items/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema12.properties.organizations.items.type,parentSchema:schema12.properties.organizations.items,data:data6};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
}
}
if(data.provider_id !== undefined){
let data7 = data.provider_id;
if(typeof data7 !== "string"){
const err8 = {instancePath:instancePath+"/provider_id",schemaPath:"#/properties/provider_id/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema12.properties.provider_id.type,parentSchema:schema12.properties.provider_id,data:data7};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
if(data.organization_intake_keys !== undefined){
let data8 = data.organization_intake_keys;
if(data8 && typeof data8 == "object" && !Array.isArray(data8)){
for(const key0 in data8){
let data9 = data8[key0];
if(typeof data9 !== "string"){
const err9 = {instancePath:instancePath+"/organization_intake_keys/" + key0.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/organization_intake_keys/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema12.properties.organization_intake_keys.additionalProperties.type,parentSchema:schema12.properties.organization_intake_keys.additionalProperties,data:data9};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
}
else {
const err10 = {instancePath:instancePath+"/organization_intake_keys",schemaPath:"#/properties/organization_intake_keys/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema12.properties.organization_intake_keys.type,parentSchema:schema12.properties.organization_intake_keys,data:data8};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
}
if(data.search_term !== undefined){
let data10 = data.search_term;
if((typeof data10 !== "string") && (!(data10 && typeof data10 == "object" && !Array.isArray(data10)))){
const err11 = {instancePath:instancePath+"/search_term",schemaPath:"#/properties/search_term/type",keyword:"type",params:{type: schema12.properties.search_term.type},message:"must be string,object",schema:schema12.properties.search_term.type,parentSchema:schema12.properties.search_term,data:data10};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
}
if(data.frequency !== undefined){
let data11 = data.frequency;
if(!((typeof data11 == "number") && (!(data11 % 1) && !isNaN(data11)))){
const err12 = {instancePath:instancePath+"/frequency",schemaPath:"#/properties/frequency/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema12.properties.frequency.type,parentSchema:schema12.properties.frequency,data:data11};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
if(typeof data11 == "number"){
if(data11 > 86400 || isNaN(data11)){
const err13 = {instancePath:instancePath+"/frequency",schemaPath:"#/properties/frequency/maximum",keyword:"maximum",params:{comparison: "<=", limit: 86400},message:"must be <= 86400",schema:86400,parentSchema:schema12.properties.frequency,data:data11};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
if(data11 < 1 || isNaN(data11)){
const err14 = {instancePath:instancePath+"/frequency",schemaPath:"#/properties/frequency/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema12.properties.frequency,data:data11};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
}
}
if(data.start_from !== undefined){
let data12 = data.start_from;
if(typeof data12 !== "string"){
const err15 = {instancePath:instancePath+"/start_from",schemaPath:"#/properties/start_from/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema12.properties.start_from.type,parentSchema:schema12.properties.start_from,data:data12};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
}
if(data.overlap !== undefined){
let data13 = data.overlap;
if(typeof data13 !== "string"){
const err16 = {instancePath:instancePath+"/overlap",schemaPath:"#/properties/overlap/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema12.properties.overlap.type,parentSchema:schema12.properties.overlap,data:data13};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
}
if(data.settling_horizon !== undefined){
let data14 = data.settling_horizon;
if(typeof data14 !== "string"){
const err17 = {instancePath:instancePath+"/settling_horizon",schemaPath:"#/properties/settling_horizon/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema12.properties.settling_horizon.type,parentSchema:schema12.properties.settling_horizon,data:data14};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
}
if(data.reconcile_every !== undefined){
let data15 = data.reconcile_every;
if(typeof data15 !== "string"){
const err18 = {instancePath:instancePath+"/reconcile_every",schemaPath:"#/properties/reconcile_every/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema12.properties.reconcile_every.type,parentSchema:schema12.properties.reconcile_every,data:data15};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
}
if(data.page_size !== undefined){
let data16 = data.page_size;
if(!((typeof data16 == "number") && (!(data16 % 1) && !isNaN(data16)))){
const err19 = {instancePath:instancePath+"/page_size",schemaPath:"#/properties/page_size/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema12.properties.page_size.type,parentSchema:schema12.properties.page_size,data:data16};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
}
if(typeof data16 == "number"){
if(data16 > 10000 || isNaN(data16)){
const err20 = {instancePath:instancePath+"/page_size",schemaPath:"#/properties/page_size/maximum",keyword:"maximum",params:{comparison: "<=", limit: 10000},message:"must be <= 10000",schema:10000,parentSchema:schema12.properties.page_size,data:data16};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
if(data16 < 1 || isNaN(data16)){
const err21 = {instancePath:instancePath+"/page_size",schemaPath:"#/properties/page_size/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema12.properties.page_size,data:data16};
if(vErrors === null){
vErrors = [err21];
}
else {
vErrors.push(err21);
}
errors++;
}
}
}
if(data.requests_per_second !== undefined){
let data17 = data.requests_per_second;
if(typeof data17 == "number"){
if(data17 > 1000 || isNaN(data17)){
const err22 = {instancePath:instancePath+"/requests_per_second",schemaPath:"#/properties/requests_per_second/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000},message:"must be <= 1000",schema:1000,parentSchema:schema12.properties.requests_per_second,data:data17};
if(vErrors === null){
vErrors = [err22];
}
else {
vErrors.push(err22);
}
errors++;
}
if(data17 <= 0 || isNaN(data17)){
const err23 = {instancePath:instancePath+"/requests_per_second",schemaPath:"#/properties/requests_per_second/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0",schema:0,parentSchema:schema12.properties.requests_per_second,data:data17};
if(vErrors === null){
vErrors = [err23];
}
else {
vErrors.push(err23);
}
errors++;
}
}
else {
const err24 = {instancePath:instancePath+"/requests_per_second",schemaPath:"#/properties/requests_per_second/type",keyword:"type",params:{type: "number"},message:"must be number",schema:schema12.properties.requests_per_second.type,parentSchema:schema12.properties.requests_per_second,data:data17};
if(vErrors === null){
vErrors = [err24];
}
else {
vErrors.push(err24);
}
errors++;
}
}
if(data.chunk_size !== undefined){
let data18 = data.chunk_size;
if(!((typeof data18 == "number") && (!(data18 % 1) && !isNaN(data18)))){
const err25 = {instancePath:instancePath+"/chunk_size",schemaPath:"#/properties/chunk_size/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema12.properties.chunk_size.type,parentSchema:schema12.properties.chunk_size,data:data18};
if(vErrors === null){
vErrors = [err25];
}
else {
vErrors.push(err25);
}
errors++;
}
if(typeof data18 == "number"){
if(data18 > 100000 || isNaN(data18)){
const err26 = {instancePath:instancePath+"/chunk_size",schemaPath:"#/properties/chunk_size/maximum",keyword:"maximum",params:{comparison: "<=", limit: 100000},message:"must be <= 100000",schema:100000,parentSchema:schema12.properties.chunk_size,data:data18};
if(vErrors === null){
vErrors = [err26];
}
else {
vErrors.push(err26);
}
errors++;
}
if(data18 < 1 || isNaN(data18)){
const err27 = {instancePath:instancePath+"/chunk_size",schemaPath:"#/properties/chunk_size/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema12.properties.chunk_size,data:data18};
if(vErrors === null){
vErrors = [err27];
}
else {
vErrors.push(err27);
}
errors++;
}
}
}
if(data.retry_for !== undefined){
let data19 = data.retry_for;
if(typeof data19 !== "string"){
const err28 = {instancePath:instancePath+"/retry_for",schemaPath:"#/properties/retry_for/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema12.properties.retry_for.type,parentSchema:schema12.properties.retry_for,data:data19};
if(vErrors === null){
vErrors = [err28];
}
else {
vErrors.push(err28);
}
errors++;
}
}
if(data.intake_format !== undefined){
let data20 = data.intake_format;
if(typeof data20 !== "string"){
const err29 = {instancePath:instancePath+"/intake_format",schemaPath:"#/properties/intake_format/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema12.properties.intake_format.type,parentSchema:schema12.properties.intake_format,data:data20};
if(vErrors === null){
vErrors = [err29];
}
else {
vErrors.push(err29);
}
errors++;
}
if(!((data20 === "batch") || (data20 === "plain_batch"))){
const err30 = {instancePath:instancePath+"/intake_format",schemaPath:"#/properties/intake_format/enum",keyword:"enum",params:{allowedValues: schema12.properties.intake_format.enum},message:"must be equal to one of the allowed values",schema:schema12.properties.intake_format.enum,parentSchema:schema12.properties.intake_format,data:data20};
if(vErrors === null){
vErrors = [err30];
}
else {
vErrors.push(err30);
}
errors++;
}
}
if(data.intake_compression !== undefined){
let data21 = data.intake_compression;
if(typeof data21 !== "string"){
const err31 = {instancePath:instancePath+"/intake_compression",schemaPath:"#/properties/intake_compression/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema12.properties.intake_compression.type,parentSchema:schema12.properties.intake_compression,data:data21};
if(vErrors === null){
vErrors = [err31];
}
else {
vErrors.push(err31);
}
errors++;
}
if(!((data21 === "none") || (data21 === "gzip"))){
const err32 = {instancePath:instancePath+"/intake_compression",schemaPath:"#/properties/intake_compression/enum",keyword:"enum",params:{allowedValues: schema12.properties.intake_compression.enum},message:"must be equal to one of the allowed values",schema:schema12.properties.intake_compression.enum,parentSchema:schema12.properties.intake_compression,data:data21};
if(vErrors === null){
vErrors = [err32];
}
else {
vErrors.push(err32);
}
errors++;
}
}
if(data.oversized_events !== undefined){
let data22 = data.oversized_events;
if(typeof data22 !== "string"){
const err33 = {instancePath:instancePath+"/oversized_events",schemaPath:"#/properties/oversized_events/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema12.properties.oversized_events.type,parentSchema:schema12.properties.oversized_events,data:data22};
if(vErrors === null){
vErrors = [err33];
}
else {
vErrors.push(err33);
}
errors++;
}
if(!((data22 === "trim") || (data22 === "dead_letter"))){
const err34 = {instancePath:instancePath+"/oversized_events",schemaPath:"#/properties/oversized_events/enum",keyword:"enum",params:{allowedValues: schema12.properties.oversized_events.enum},message:"must be equal to one of the allowed values",schema:schema12.properties.oversized_events.enum,parentSchema:schema12.properties.oversized_events,data:data22};
if(vErrors === null){
vErrors = [err34];
}
else {
vErrors.push(err34);
}
errors++;
}
}
if(data.dead_letter_limit !== undefined){
let data23 = data.dead_letter_limit;
if(!((typeof data23 == "number") && (!(data23 % 1) && !isNaN(data23)))){
const err35 = {instancePath:instancePath+"/dead_letter_limit",schemaPath:"#/properties/dead_letter_limit/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema12.properties.dead_letter_limit.type,parentSchema:schema12.properties.dead_letter_limit,data:data23};
if(vErrors === null){
vErrors = [err35];
}
else {
vErrors.push(err35);
}
errors++;
}
if(typeof data23 == "number"){
if(data23 > 1000000 || isNaN(data23)){
const err36 = {instancePath:instancePath+"/dead_letter_limit",schemaPath:"#/properties/dead_letter_limit/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000},message:"must be <= 1000000",schema:1000000,parentSchema:schema12.properties.dead_letter_limit,data:data23};
if(vErrors === null){
vErrors = [err36];
}
else {
vErrors.push(err36);
}
errors++;
}
if(data23 < 1 || isNaN(data23)){
const err37 = {instancePath:instancePath+"/dead_letter_limit",schemaPath:"#/properties/dead_letter_limit/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema12.properties.dead_letter_limit,data:data23};
if(vErrors === null){
vErrors = [err37];
}
else {
vErrors.push(err37);
}
errors++;
}
}
}
if(data.log_level !== undefined){
let data24 = data.log_level;
if(typeof data24 !== "string"){
const err38 = {instancePath:instancePath+"/log_level",schemaPath:"#/properties/log_level/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema12.properties.log_level.type,parentSchema:schema12.properties.log_level,data:data24};
if(vErrors === null){
vErrors = [err38];
}
else {
vErrors.push(err38);
}
errors++;
}
if(!((((data24 === "debug") || (data24 === "info")) || (data24 === "warning")) || (data24 === "error"))){
const err39 = {instancePath:instancePath+"/log_level",schemaPath:"#/properties/log_level/enum",keyword:"enum",params:{allowedValues: schema12.properties.log_level.enum},message:"must be equal to one of the allowed values",schema:schema12.properties.log_level.enum,parentSchema:schema12.properties.log_level,data:data24};
if(vErrors === null){
vErrors = [err39];
}
else {
vErrors.push(err39);
}
errors++;
}
}
}
else {
const err40 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema12.type,parentSchema:schema12,data};
if(vErrors === null){
vErrors = [err40];
}
else {
vErrors.push(err40);
}
errors++;
}
validate11.errors = vErrors;
return errors === 0;
}

export const validateStorageArguments = validate12;
const schema13 = {"title":"Jumpcloud Directory Insights Storage Connector arguments","type":"object","properties":{"intake_key":{"title":"Intake key","description":"Key of the Sekoia.io intake that receives the events.","type":"string","x-secret":true},"intake_server":{"title":"Intake address","description":"Address of the intake server, such as https://intake.sekoia.io. Without it, the address that the platform provides for its region (intake_url) is used. Must be https, except on the local machine or with allow_unencrypted_intake.","type":"string"},"allow_unencrypted_intake":{"title":"Allow an unencrypted intake","description":"Whether intake_server may be an http address: for a relay inside a network of your own. The intake key and every event can be read on their way there.","type":"boolean","default":false},"bucket":{"title":"Bucket","description":"Bucket of an S3-compatible object storage that holds the exported events. Either this or path.","type":"string"},"prefix":{"title":"Prefix","description":"Beginning of the names of the objects that are read, such as jumpcloud/. Without it, all objects of the bucket are.","type":"string"},"region":{"title":"Region","description":"Region of the bucket, and of the queue.","type":"string","default":"us-east-1","examples":["eu-west-3"]},"endpoint":{"title":"Endpoint","description":"Address of the object storage where it is not AWS's own, such as https://s3.example.org.","type":"string"},"path_style":{"title":"Path style","description":"Whether the bucket stands in the path of addresses instead of the name of the host. Without it, where endpoint is given.","type":"boolean"},"access_key_id":{"title":"Access key id","description":"Id of the access key. Without keys, what the environment offers counts, such as the role of the machine or pod.","type":"string"},"secret_access_key":{"title":"Secret access key","description":"The secret that belongs to access_key_id.","type":"string","x-secret":true},"role_arn":{"title":"Role","description":"Role that is taken on to read the bucket and the queue, such as arn:aws:iam::123456789012:role/reader.","type":"string"},"external_id":{"title":"External id","description":"External id that the trust policy of the role asks for.","type":"string"},"queue_url":{"title":"Queue","description":"Address of an SQS queue that is told of new objects: S3 event notifications or events of EventBridge, as they are or wrapped by SNS.","type":"string"},"queue_list_every":{"title":"List every, beside a queue","description":"How often the bucket is listed nevertheless where there is a queue, for objects of which no message told.","type":"string","default":"6h","x-duration":{"minimum":"1m","maximum":"7d"}},"path":{"title":"Path","description":"Directory or file of this machine that is read instead of a bucket; - is standard input, which is read once. For the runner.","type":"string","examples":["./export"]},"api_data_path":{"title":"State of the API connector","description":"Data path of the connector that collects the same organization from the API: a directory, or s3://bucket/folder with this connector's access. What that one collects is left to it, so that every event is delivered once.","type":"string"},"frequency":{"title":"Frequency","description":"Seconds from the start of one listing to the start of the next, where there is no queue.","type":"integer","minimum":1,"maximum":86400,"default":60,"x-unit":"seconds"},"id_limit":{"title":"Limit of remembered ids","description":"Most megabytes that the ids of delivered events may take, 10 bytes each. Beyond it the oldest are forgotten, with a warning.","type":"integer","minimum":1,"maximum":1000000,"default":1024,"x-unit":"megabytes"},"chunk_size":{"title":"Chunk size","description":"Most events pushed to the intake in one request. The intake's limit in bytes holds as well and usually decides.","type":"integer","minimum":1,"maximum":100000,"default":10000,"x-unit":"events"},"retry_for":{"title":"Retry for","description":"How long a failed push is tried again before it is reported. The position does not move; the same events are taken up again afterwards.","type":"string","default":"1h","x-duration":{"minimum":"0s","maximum":"7d"}},"intake_format":{"title":"Form of requests","description":"How events are put into requests to the intake. 'batch' sends them as texts in a JSON document (/batch), byte for byte. 'plain_batch' sends one event a line (/plain/batch): about a tenth smaller and cheaper to make; line breaks between the members of an event become blanks.","type":"string","enum":["batch","plain_batch"],"default":"batch"},"intake_compression":{"title":"Compression of requests","description":"Whether requests to the intake are compressed: 'gzip' costs processor time and saves most of the bandwidth, for a slow or metered line.","type":"string","enum":["none","gzip"],"default":"none"},"oversized_events":{"title":"Oversized events","description":"What becomes of an event over the intake's limit of 250,000 bytes. 'trim' sends a copy whose largest lists and texts are cut, and keeps the whole event in the dead letter; 'dead_letter' only keeps it.","type":"string","enum":["trim","dead_letter"],"default":"trim"},"dead_letter_limit":{"title":"Dead letter limit","description":"Most megabytes that the dead letter may take. Where it is full, collection stops and says so: nothing is overwritten.","type":"integer","minimum":1,"maximum":1000000,"default":1024,"x-unit":"megabytes"},"log_level":{"title":"Log level","description":"Least severe level that is logged.","type":"string","enum":["debug","info","warning","error"],"default":"info"}},"required":["intake_key"]};

function validate12(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if(data.intake_key === undefined){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "intake_key"},message:"must have required property '"+"intake_key"+"'",schema:schema13.required,parentSchema:schema13,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
if(data.intake_key !== undefined){
let data0 = data.intake_key;
if(typeof data0 !== "string"){
const err1 = {instancePath:instancePath+"/intake_key",schemaPath:"#/properties/intake_key/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.intake_key.type,parentSchema:schema13.properties.intake_key,data:data0};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
if(data.intake_server !== undefined){
let data1 = data.intake_server;
if(typeof data1 !== "string"){
const err2 = {instancePath:instancePath+"/intake_server",schemaPath:"#/properties/intake_server/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.intake_server.type,parentSchema:schema13.properties.intake_server,data:data1};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(data.allow_unencrypted_intake !== undefined){
let data2 = data.allow_unencrypted_intake;
if(typeof data2 !== "boolean"){
const err3 = {instancePath:instancePath+"/allow_unencrypted_intake",schemaPath:"#/properties/allow_unencrypted_intake/type",keyword:"type",params:{type: "boolean"},message:"must be boolean",schema:schema13.properties.allow_unencrypted_intake.type,parentSchema:schema13.properties.allow_unencrypted_intake,data:data2};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
if(data.bucket !== undefined){
let data3 = data.bucket;
if(typeof data3 !== "string"){
const err4 = {instancePath:instancePath+"/bucket",schemaPath:"#/properties/bucket/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.bucket.type,parentSchema:schema13.properties.bucket,data:data3};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
if(data.prefix !== undefined){
let data4 = data.prefix;
if(typeof data4 !== "string"){
const err5 = {instancePath:instancePath+"/prefix",schemaPath:"#/properties/prefix/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.prefix.type,parentSchema:schema13.properties.prefix,data:data4};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
if(data.region !== undefined){
let data5 = data.region;
if(typeof data5 !== "string"){
const err6 = {instancePath:instancePath+"/region",schemaPath:"#/properties/region/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.region.type,parentSchema:schema13.properties.region,data:data5};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
if(data.endpoint !== undefined){
let data6 = data.endpoint;
if(typeof data6 !== "string"){
const err7 = {instancePath:instancePath+"/endpoint",schemaPath:"#/properties/endpoint/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.endpoint.type,parentSchema:schema13.properties.endpoint,data:data6};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
if(data.path_style !== undefined){
let data7 = data.path_style;
if(typeof data7 !== "boolean"){
const err8 = {instancePath:instancePath+"/path_style",schemaPath:"#/properties/path_style/type",keyword:"type",params:{type: "boolean"},message:"must be boolean",schema:schema13.properties.path_style.type,parentSchema:schema13.properties.path_style,data:data7};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
if(data.access_key_id !== undefined){
let data8 = data.access_key_id;
if(typeof data8 !== "string"){
const err9 = {instancePath:instancePath+"/access_key_id",schemaPath:"#/properties/access_key_id/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.access_key_id.type,parentSchema:schema13.properties.access_key_id,data:data8};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
if(data.secret_access_key !== undefined){
let data9 = data.secret_access_key;
if(typeof data9 !== "string"){
const err10 = {instancePath:instancePath+"/secret_access_key",schemaPath:"#/properties/secret_access_key/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.secret_access_key.type,parentSchema:schema13.properties.secret_access_key,data:data9};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
}
if(data.role_arn !== undefined){
let data10 = data.role_arn;
if(typeof data10 !== "string"){
const err11 = {instancePath:instancePath+"/role_arn",schemaPath:"#/properties/role_arn/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.role_arn.type,parentSchema:schema13.properties.role_arn,data:data10};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
}
if(data.external_id !== undefined){
let data11 = data.external_id;
if(typeof data11 !== "string"){
const err12 = {instancePath:instancePath+"/external_id",schemaPath:"#/properties/external_id/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.external_id.type,parentSchema:schema13.properties.external_id,data:data11};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
if(data.queue_url !== undefined){
let data12 = data.queue_url;
if(typeof data12 !== "string"){
const err13 = {instancePath:instancePath+"/queue_url",schemaPath:"#/properties/queue_url/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.queue_url.type,parentSchema:schema13.properties.queue_url,data:data12};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
}
if(data.queue_list_every !== undefined){
let data13 = data.queue_list_every;
if(typeof data13 !== "string"){
const err14 = {instancePath:instancePath+"/queue_list_every",schemaPath:"#/properties/queue_list_every/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.queue_list_every.type,parentSchema:schema13.properties.queue_list_every,data:data13};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
}
if(data.path !== undefined){
let data14 = data.path;
if(typeof data14 !== "string"){
const err15 = {instancePath:instancePath+"/path",schemaPath:"#/properties/path/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.path.type,parentSchema:schema13.properties.path,data:data14};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
}
if(data.api_data_path !== undefined){
let data15 = data.api_data_path;
if(typeof data15 !== "string"){
const err16 = {instancePath:instancePath+"/api_data_path",schemaPath:"#/properties/api_data_path/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.api_data_path.type,parentSchema:schema13.properties.api_data_path,data:data15};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
}
if(data.frequency !== undefined){
let data16 = data.frequency;
if(!((typeof data16 == "number") && (!(data16 % 1) && !isNaN(data16)))){
const err17 = {instancePath:instancePath+"/frequency",schemaPath:"#/properties/frequency/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema13.properties.frequency.type,parentSchema:schema13.properties.frequency,data:data16};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
if(typeof data16 == "number"){
if(data16 > 86400 || isNaN(data16)){
const err18 = {instancePath:instancePath+"/frequency",schemaPath:"#/properties/frequency/maximum",keyword:"maximum",params:{comparison: "<=", limit: 86400},message:"must be <= 86400",schema:86400,parentSchema:schema13.properties.frequency,data:data16};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
if(data16 < 1 || isNaN(data16)){
const err19 = {instancePath:instancePath+"/frequency",schemaPath:"#/properties/frequency/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema13.properties.frequency,data:data16};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
}
}
}
if(data.id_limit !== undefined){
let data17 = data.id_limit;
if(!((typeof data17 == "number") && (!(data17 % 1) && !isNaN(data17)))){
const err20 = {instancePath:instancePath+"/id_limit",schemaPath:"#/properties/id_limit/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema13.properties.id_limit.type,parentSchema:schema13.properties.id_limit,data:data17};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
if(typeof data17 == "number"){
if(data17 > 1000000 || isNaN(data17)){
const err21 = {instancePath:instancePath+"/id_limit",schemaPath:"#/properties/id_limit/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000},message:"must be <= 1000000",schema:1000000,parentSchema:schema13.properties.id_limit,data:data17};
if(vErrors === null){
vErrors = [err21];
}
else {
vErrors.push(err21);
}
errors++;
}
if(data17 < 1 || isNaN(data17)){
const err22 = {instancePath:instancePath+"/id_limit",schemaPath:"#/properties/id_limit/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema13.properties.id_limit,data:data17};
if(vErrors === null){
vErrors = [err22];
}
else {
vErrors.push(err22);
}
errors++;
}
}
}
if(data.chunk_size !== undefined){
let data18 = data.chunk_size;
if(!((typeof data18 == "number") && (!(data18 % 1) && !isNaN(data18)))){
const err23 = {instancePath:instancePath+"/chunk_size",schemaPath:"#/properties/chunk_size/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema13.properties.chunk_size.type,parentSchema:schema13.properties.chunk_size,data:data18};
if(vErrors === null){
vErrors = [err23];
}
else {
vErrors.push(err23);
}
errors++;
}
if(typeof data18 == "number"){
if(data18 > 100000 || isNaN(data18)){
const err24 = {instancePath:instancePath+"/chunk_size",schemaPath:"#/properties/chunk_size/maximum",keyword:"maximum",params:{comparison: "<=", limit: 100000},message:"must be <= 100000",schema:100000,parentSchema:schema13.properties.chunk_size,data:data18};
if(vErrors === null){
vErrors = [err24];
}
else {
vErrors.push(err24);
}
errors++;
}
if(data18 < 1 || isNaN(data18)){
const err25 = {instancePath:instancePath+"/chunk_size",schemaPath:"#/properties/chunk_size/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema13.properties.chunk_size,data:data18};
if(vErrors === null){
vErrors = [err25];
}
else {
vErrors.push(err25);
}
errors++;
}
}
}
if(data.retry_for !== undefined){
let data19 = data.retry_for;
if(typeof data19 !== "string"){
const err26 = {instancePath:instancePath+"/retry_for",schemaPath:"#/properties/retry_for/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.retry_for.type,parentSchema:schema13.properties.retry_for,data:data19};
if(vErrors === null){
vErrors = [err26];
}
else {
vErrors.push(err26);
}
errors++;
}
}
if(data.intake_format !== undefined){
let data20 = data.intake_format;
if(typeof data20 !== "string"){
const err27 = {instancePath:instancePath+"/intake_format",schemaPath:"#/properties/intake_format/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.intake_format.type,parentSchema:schema13.properties.intake_format,data:data20};
if(vErrors === null){
vErrors = [err27];
}
else {
vErrors.push(err27);
}
errors++;
}
if(!((data20 === "batch") || (data20 === "plain_batch"))){
const err28 = {instancePath:instancePath+"/intake_format",schemaPath:"#/properties/intake_format/enum",keyword:"enum",params:{allowedValues: schema13.properties.intake_format.enum},message:"must be equal to one of the allowed values",schema:schema13.properties.intake_format.enum,parentSchema:schema13.properties.intake_format,data:data20};
if(vErrors === null){
vErrors = [err28];
}
else {
vErrors.push(err28);
}
errors++;
}
}
if(data.intake_compression !== undefined){
let data21 = data.intake_compression;
if(typeof data21 !== "string"){
const err29 = {instancePath:instancePath+"/intake_compression",schemaPath:"#/properties/intake_compression/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.intake_compression.type,parentSchema:schema13.properties.intake_compression,data:data21};
if(vErrors === null){
vErrors = [err29];
}
else {
vErrors.push(err29);
}
errors++;
}
if(!((data21 === "none") || (data21 === "gzip"))){
const err30 = {instancePath:instancePath+"/intake_compression",schemaPath:"#/properties/intake_compression/enum",keyword:"enum",params:{allowedValues: schema13.properties.intake_compression.enum},message:"must be equal to one of the allowed values",schema:schema13.properties.intake_compression.enum,parentSchema:schema13.properties.intake_compression,data:data21};
if(vErrors === null){
vErrors = [err30];
}
else {
vErrors.push(err30);
}
errors++;
}
}
if(data.oversized_events !== undefined){
let data22 = data.oversized_events;
if(typeof data22 !== "string"){
const err31 = {instancePath:instancePath+"/oversized_events",schemaPath:"#/properties/oversized_events/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.oversized_events.type,parentSchema:schema13.properties.oversized_events,data:data22};
if(vErrors === null){
vErrors = [err31];
}
else {
vErrors.push(err31);
}
errors++;
}
if(!((data22 === "trim") || (data22 === "dead_letter"))){
const err32 = {instancePath:instancePath+"/oversized_events",schemaPath:"#/properties/oversized_events/enum",keyword:"enum",params:{allowedValues: schema13.properties.oversized_events.enum},message:"must be equal to one of the allowed values",schema:schema13.properties.oversized_events.enum,parentSchema:schema13.properties.oversized_events,data:data22};
if(vErrors === null){
vErrors = [err32];
}
else {
vErrors.push(err32);
}
errors++;
}
}
if(data.dead_letter_limit !== undefined){
let data23 = data.dead_letter_limit;
if(!((typeof data23 == "number") && (!(data23 % 1) && !isNaN(data23)))){
const err33 = {instancePath:instancePath+"/dead_letter_limit",schemaPath:"#/properties/dead_letter_limit/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema13.properties.dead_letter_limit.type,parentSchema:schema13.properties.dead_letter_limit,data:data23};
if(vErrors === null){
vErrors = [err33];
}
else {
vErrors.push(err33);
}
errors++;
}
if(typeof data23 == "number"){
if(data23 > 1000000 || isNaN(data23)){
const err34 = {instancePath:instancePath+"/dead_letter_limit",schemaPath:"#/properties/dead_letter_limit/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000},message:"must be <= 1000000",schema:1000000,parentSchema:schema13.properties.dead_letter_limit,data:data23};
if(vErrors === null){
vErrors = [err34];
}
else {
vErrors.push(err34);
}
errors++;
}
if(data23 < 1 || isNaN(data23)){
const err35 = {instancePath:instancePath+"/dead_letter_limit",schemaPath:"#/properties/dead_letter_limit/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema13.properties.dead_letter_limit,data:data23};
if(vErrors === null){
vErrors = [err35];
}
else {
vErrors.push(err35);
}
errors++;
}
}
}
if(data.log_level !== undefined){
let data24 = data.log_level;
if(typeof data24 !== "string"){
const err36 = {instancePath:instancePath+"/log_level",schemaPath:"#/properties/log_level/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema13.properties.log_level.type,parentSchema:schema13.properties.log_level,data:data24};
if(vErrors === null){
vErrors = [err36];
}
else {
vErrors.push(err36);
}
errors++;
}
if(!((((data24 === "debug") || (data24 === "info")) || (data24 === "warning")) || (data24 === "error"))){
const err37 = {instancePath:instancePath+"/log_level",schemaPath:"#/properties/log_level/enum",keyword:"enum",params:{allowedValues: schema13.properties.log_level.enum},message:"must be equal to one of the allowed values",schema:schema13.properties.log_level.enum,parentSchema:schema13.properties.log_level,data:data24};
if(vErrors === null){
vErrors = [err37];
}
else {
vErrors.push(err37);
}
errors++;
}
}
}
else {
const err38 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema13.type,parentSchema:schema13,data};
if(vErrors === null){
vErrors = [err38];
}
else {
vErrors.push(err38);
}
errors++;
}
validate12.errors = vErrors;
return errors === 0;
}

export const validatePlaybook = validate13;
const schema14 = {"title":"Playbook file","description":"What to run on this machine. Texts may refer to environment variables as ${NAME}; $${ stands for ${ itself.","type":"object","properties":{"trigger":{"title":"Trigger","description":"The trigger to run: its name or its docker_parameters.","type":"string","minLength":1},"account":{"title":"Account","description":"The module configuration: see module-configuration.schema.json.","type":"object","additionalProperties":true},"arguments":{"title":"Arguments","description":"The trigger's arguments: see connector-arguments.schema.json.","type":"object","additionalProperties":true},"data_path":{"title":"Data path","description":"Directory of the state files. A relative path starts at the directory of the playbook file.","type":"string"},"intake_url":{"title":"Intake address","description":"Address of the intake where arguments.intake_server is not set: what the platform would provide.","type":"string"}},"required":["trigger"],"additionalProperties":false};
const func2 = part0.default;

function validate13(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if(data.trigger === undefined){
const err0 = {instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "trigger"},message:"must have required property '"+"trigger"+"'",schema:schema14.required,parentSchema:schema14,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
for(const key0 in data){
if(!(((((key0 === "trigger") || (key0 === "account")) || (key0 === "arguments")) || (key0 === "data_path")) || (key0 === "intake_url"))){
const err1 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema14,data};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
if(data.trigger !== undefined){
let data0 = data.trigger;
if(typeof data0 === "string"){
if(func2(data0) < 1){
const err2 = {instancePath:instancePath+"/trigger",schemaPath:"#/properties/trigger/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",schema:1,parentSchema:schema14.properties.trigger,data:data0};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
else {
const err3 = {instancePath:instancePath+"/trigger",schemaPath:"#/properties/trigger/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.trigger.type,parentSchema:schema14.properties.trigger,data:data0};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
if(data.account !== undefined){
let data1 = data.account;
if(data1 && typeof data1 == "object" && !Array.isArray(data1)){
}
else {
const err4 = {instancePath:instancePath+"/account",schemaPath:"#/properties/account/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema14.properties.account.type,parentSchema:schema14.properties.account,data:data1};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
if(data.arguments !== undefined){
let data2 = data.arguments;
if(data2 && typeof data2 == "object" && !Array.isArray(data2)){
}
else {
const err5 = {instancePath:instancePath+"/arguments",schemaPath:"#/properties/arguments/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema14.properties.arguments.type,parentSchema:schema14.properties.arguments,data:data2};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
if(data.data_path !== undefined){
let data3 = data.data_path;
if(typeof data3 !== "string"){
const err6 = {instancePath:instancePath+"/data_path",schemaPath:"#/properties/data_path/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.data_path.type,parentSchema:schema14.properties.data_path,data:data3};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
if(data.intake_url !== undefined){
let data4 = data.intake_url;
if(typeof data4 !== "string"){
const err7 = {instancePath:instancePath+"/intake_url",schemaPath:"#/properties/intake_url/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema14.properties.intake_url.type,parentSchema:schema14.properties.intake_url,data:data4};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
}
else {
const err8 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema14.type,parentSchema:schema14,data};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
validate13.errors = vErrors;
return errors === 0;
}
