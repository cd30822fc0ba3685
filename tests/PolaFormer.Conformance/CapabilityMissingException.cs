namespace PolaFormer.Conformance;

/// <summary>A case needs something that this program does not have: it is skipped, with this reason.</summary>
/// <param name="reason">What is missing.</param>
internal sealed class CapabilityMissingException(string reason) : Exception(reason);
