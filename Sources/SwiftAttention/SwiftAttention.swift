// One import for the whole package. Each module is also a product of its own.
@_exported import Attention
@_exported import AttentionConversion
@_exported import AttentionFiles
@_exported import AttentionGeneration
@_exported import AttentionGrammars
@_exported import AttentionHub
@_exported import AttentionMaps
@_exported import AttentionModels
@_exported import AttentionTasks
@_exported import AttentionTemplates
@_exported import AttentionTensors
@_exported import AttentionTokenizers
