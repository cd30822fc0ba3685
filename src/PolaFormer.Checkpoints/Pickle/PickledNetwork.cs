namespace PolaFormer.Checkpoints.Pickle;

/// <summary>
/// A network that was pickled whole (<c>torch.save(model)</c>). Its classes mean nothing here, but every module of PyTorch keeps
/// its tensors under the same attributes, and those are plain data.
/// </summary>
internal static class PickledNetwork
{
    private const string Parameters = "_parameters", Buffers = "_buffers", Modules = "_modules", NotSaved = "_non_persistent_buffers_set";

    /// <summary>The state dict of a network; the value itself where it is none.</summary>
    public static object? Flattened(object? value)
    {
        if (value is not PickledDictionary { IsUnread: true } network || Part(network, Parameters) is null || Part(network, Modules) is null)
            return value;
        var state = new PickledDictionary(network.TypeName);
        Collect(network, "", state);
        return state;
    }

    // The recursion ends: the reader bounds the depth of what it returns, and the steps of a walk over it.
    private static void Collect(PickledDictionary module, string prefix, PickledDictionary state)
    {
        PickledList? notSaved = module.TryGetValue(NotSaved, out object? names) ? names as PickledList : null;
        foreach ((object name, object? tensor) in Part(module, Parameters) ?? [])
            if (tensor is not null)
                state[prefix + name] = tensor;
        foreach ((object name, object? tensor) in Part(module, Buffers) ?? [])
            if (tensor is not null && notSaved?.Contains(name) != true)
                state[prefix + name] = tensor;
        foreach ((object name, object? inner) in Part(module, Modules) ?? [])
            if (inner is PickledDictionary { IsUnread: true } child)
                Collect(child, $"{prefix}{name}.", state);
    }

    private static IEnumerable<KeyValuePair<object, object?>>? Part(PickledDictionary module, string name) =>
        module.TryGetValue(name, out object? part) ? part as PickledDictionary : null;
}
