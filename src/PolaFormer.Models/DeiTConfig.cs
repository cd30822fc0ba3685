using System.Text.Json.Serialization;
using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;

namespace PolaFormer.Models;

/// <summary>Everything that tells one DeiT from another.</summary>
public sealed record DeiTConfig : TransformerConfig
{
    /// <summary>Side of the patches in pixels.</summary>
    public int PatchSize { get; init; } = 16;

    /// <summary>Channels.</summary>
    public int EmbedDim { get; init; } = 192;

    /// <summary>Blocks.</summary>
    public int Depth { get; init; } = 12;

    /// <summary>Attention heads.</summary>
    public int NumHeads { get; init; } = 3;

    /// <summary>Hidden width of the feed-forward part in channels.</summary>
    public float MlpRatio { get; init; } = 4;

    /// <summary>Whether a class token is what is classified; else the mean of the tokens is.</summary>
    public bool ClassToken { get; init; } = true;

    /// <summary>Whether a second token with a classifier of its own, which learns from a teacher, stands behind the class token; the logits are the mean of both classifiers'.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool DistillationToken { get; init; }

    /// <summary>Tokens before those of the image.</summary>
    [JsonIgnore]
    public int PrefixTokens => (ClassToken ? 1 : 0) + (DistillationToken ? 1 : 0);

    /// <summary>Registered name of a block's attention.</summary>
    public string AttentionOf(int block) => NamedAttention(block) ?? "softmax";

    /// <summary>What the attention of every block is made for.</summary>
    public AttentionShape TokenShape()
    {
        int side = ImageSize / PatchSize;
        return new AttentionShape(EmbedDim, NumHeads, PrefixTokens + (side * side)) { Height = side, Width = side, PrefixTokens = PrefixTokens };
    }

    /// <summary>
    /// The authors have not published their DeiT; the size and work in their table are those of polarity attention with a learned
    /// matrix for a gate, and without an encoding of positions, which the tokens have already.
    /// </summary>
    [JsonIgnore]
    public override PolarityOptions PublishedPolarity => new() { Gate = PolarityGate.Learned, HasPositions = false };

    /// <inheritdoc/>
    public override DeiT Create() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        RequireTransformer([Depth], [NumHeads]);
        ShapeLimits.Require(PatchSize, 1, ImageSize);
        ShapeLimits.Require(EmbedDim, 1, ShapeLimits.Channels);
        ShapeLimits.Require(MlpRatio, 0.25f, ShapeLimits.Ratio);
        RequireAttention(Depth);
        ShapeLimits.RequireHeads(0, EmbedDim, NumHeads);
        if (DistillationToken && !ClassToken)
            throw new ArgumentException("DistillationToken stands beside a class token; set ClassToken, too.");
    }
}
