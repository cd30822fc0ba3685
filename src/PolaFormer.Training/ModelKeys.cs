using System.Reflection;
using PolaFormer.Models;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Training;

/// <summary>MODEL of a configuration, as families of networks read it.</summary>
/// <param name="config">The section.</param>
internal sealed class ModelKeys(ModelConfig config) : IModelKeys
{
    /// <inheritdoc/>
    public T Get<T>(string key)
    {
        object? value = config;
        foreach (string part in key.Split('.'))
            value = ConfigurationKeys.Of(value!.GetType()).TryGetValue(part, out PropertyInfo? property) ? property.GetValue(value) : throw new ArgumentException($"MODEL has no key {key}.");
        return value is T typed ? typed : throw new ArgumentException($"MODEL.{key} is no {typeof(T).Name}.");
    }

    /// <inheritdoc/>
    public Exception Wrong(string key, string problem) => new ConfigurationException($"MODEL.{key}: {problem}");
}
