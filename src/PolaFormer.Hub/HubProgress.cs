namespace PolaFormer.Hub;

/// <summary>How much of a file has come.</summary>
/// <param name="Bytes">Bytes there.</param>
/// <param name="Total">Bytes of the file; null where the server does not say.</param>
public readonly record struct HubProgress(long Bytes, long? Total);
