using PolaFormer.Models;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Training;

/// <summary>MODEL of a configuration, as families of networks read it.</summary>
/// <param name="config">The section.</param>
internal sealed class ModelKeys(ModelConfig config) : IModelKeys
{
    /// <inheritdoc/>
    public T Get<T>(string key) => ConfigurationKeys.Get(config, key) is T value ? value : throw new ArgumentException($"MODEL.{key} is no {typeof(T).Name}.");

    /// <inheritdoc/>
    public Exception Wrong(string key, string problem) => new ConfigurationException($"MODEL.{key}: {problem}");
}
