using System.Text.Json.Serialization;
using PolaFormer.NN.Attention;

namespace PolaFormer.Models;

/// <summary>Everything that tells one network of a family from another. Lists hold one entry a stage.</summary>
public abstract record VisionModelConfig
{
    /// <summary>Side of the image in pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Width of the logits.</summary>
    public int NumClasses { get; init; } = 1000;

    /// <summary>Drop-path probability of the last block.</summary>
    public float DropPathRate { get; init; } = 0.1f;

    /// <summary>
    /// Registered attention of every stage, or one for all of them, in the place of the family's own; null for that. Of a network
    /// without stages, of every block.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Attention { get; init; }

    /// <summary>What the configuration has for options of attentions, where their names do not give them; null for nothing.</summary>
    protected virtual AttentionOptions? AttentionDefaults => null;

    /// <summary>The mechanism of a name, options behind it, weights undefined.</summary>
    /// <exception cref="ArgumentException">It is not registered, or cannot be made for the shape.</exception>
    public AttentionMechanism Mechanism(string name, AttentionShape shape) => AttentionRegistry.Find(name).Create(shape, AttentionDefaults);

    /// <summary>Makes the stem and the stages alone, with undefined weights.</summary>
    /// <exception cref="ArgumentException">No network can be like that; the message names the entry.</exception>
    public abstract Backbone CreateBackbone();

    /// <summary>The same network as detectors and segmenters have it, where that differs in more than the head.</summary>
    public virtual VisionModelConfig ForDensePrediction() => this;

    /// <summary>Makes the network with undefined weights.</summary>
    /// <exception cref="ArgumentException">No network can be like that; the message names the entry.</exception>
    public abstract VisionModel Create();

    /// <summary>Checks that the lists agree and the numbers are sane, before memory is taken for them.</summary>
    /// <exception cref="ArgumentException">They are not; the message names the entry.</exception>
    public abstract void Validate();

    /// <summary>The entry of <see cref="Attention"/> for a stage; null for the family's own.</summary>
    protected string? NamedAttention(int stage) => Attention is null ? null : Attention.Count == 1 ? Attention[0] : Attention[stage];

    /// <summary>Checks the names in <see cref="Attention"/> and their number.</summary>
    /// <exception cref="ArgumentException">A name is not registered, or there is neither one nor one a stage.</exception>
    protected void RequireAttention(int stages)
    {
        if (Attention is null)
            return;
        if (Attention.Count != 1 && Attention.Count != stages)
            throw new ArgumentException($"Attention has {Attention.Count} entries; give one, or {stages}.");
        foreach (string name in Attention)
            AttentionRegistry.Find(name);
    }
}
