using System.Runtime.CompilerServices;
using PolaFormer.NN.Attention;

namespace PolaFormer.NN.Tests.Attention.Mechanisms;

/// <summary>The mechanisms of the registry before any test adds one, so that the number of tests does not follow from their order.</summary>
internal static class RegisteredAttentions
{
    /// <summary>All entries.</summary>
    public static IReadOnlyList<AttentionEntry> All { get; private set; } = [];

    [ModuleInitializer]
    internal static void Capture() => All = AttentionRegistry.All;
}
