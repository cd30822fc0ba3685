using System.Text.Json.Nodes;

namespace PolaFormer.Cli.Bench;

/// <summary>What a measurement found, for people and for programs.</summary>
internal interface IBenchResult
{
    /// <summary>The figures by name; units are part of the names.</summary>
    JsonObject ToJson();

    /// <summary>Prints text.</summary>
    void Print();
}
