namespace PolaFormer.Server.Repository;

/// <summary>What the repository tells of a model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Which file is loaded; empty for none.</param>
/// <param name="State">READY, LOADING or UNAVAILABLE.</param>
/// <param name="Reason">Why it is not ready; empty where it is.</param>
internal sealed record ModelStatus(string Name, string Version, string State, string Reason)
{
    /// <summary>The states.</summary>
    public const string Ready = "READY", Loading = "LOADING", Unavailable = "UNAVAILABLE";
}
