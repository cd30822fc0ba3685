namespace PolaFormer.Cli.Conformance;

/// <summary>Family G: baseline attentions, networks and their training, found by the repository and class that made the case.</summary>
internal static class BaselineCases
{
    /// <summary>Runs a case.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        string repository = fixture.Meta.Field("source")?.Text("repo") ?? "", type = fixture.Meta.Field("source")?.Text("cls") ?? "";
        switch (repository.Split(' ')[0])
        {
            case "idiap/fast-transformers":
                SequenceBaselines.RunKatharopoulos(fixture, comparison);
                break;
            default:
                throw new CapabilityMissingException($"{type} of {repository} is not part of this program");
        }
    }
}
