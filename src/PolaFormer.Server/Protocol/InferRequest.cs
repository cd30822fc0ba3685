namespace PolaFormer.Server.Protocol;

/// <summary>A request for inference, from JSON or from gRPC.</summary>
/// <param name="Inputs">The tensors.</param>
/// <param name="Outputs">The outputs that are wanted; empty for those that are given unasked.</param>
internal sealed record InferRequest(IReadOnlyList<InferTensor> Inputs, IReadOnlyList<RequestedOutput> Outputs)
{
    /// <summary>The client's name of the request; empty for none.</summary>
    public string Id { get; init; } = "";

    /// <summary>The client's time limit; null for none.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Whether outputs are given as bytes where nothing else is said of them.</summary>
    public bool IsBinary { get; init; }
}

/// <summary>An output that is wanted.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsBinary">Whether as bytes; null for what the request says.</param>
internal sealed record RequestedOutput(string Name, bool? IsBinary);
