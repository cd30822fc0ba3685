namespace PolaFormer.NN.Attention;

/// <summary>Values of options by name.</summary>
public sealed class AttentionOptions
{
    private readonly Dictionary<string, object?> _values = [];

    /// <summary>Sets a value.</summary>
    public object? this[string name]
    {
        init => _values[name] = value;
    }

    /// <summary>The values that a mechanism is made with: those that its name gives, then those of its host, then its own.</summary>
    internal static AttentionOptions Of(IEnumerable<AttentionOption> options, AttentionOptions? given, AttentionOptions? host)
    {
        var all = new AttentionOptions();
        foreach (AttentionOption option in options)
            all._values[option.Name] = given?.Find(option.Name) ?? host?.Find(option.Name) ?? option.Default;
        return all;
    }

    /// <summary>A value.</summary>
    public T Get<T>(string name) => (T)_values[name]!;

    /// <summary>Adds a value; false where the name has one.</summary>
    internal bool TryAdd(string name, object value) => _values.TryAdd(name, value);

    private object? Find(string name) => _values.GetValueOrDefault(name);
}
