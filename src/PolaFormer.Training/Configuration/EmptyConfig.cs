namespace PolaFormer.Training.Configuration;

/// <summary>A section of the authors' configuration that has no keys.</summary>
public sealed class EmptyConfig;
