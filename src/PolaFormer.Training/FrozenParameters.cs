using System.IO.Enumeration;
using PolaFormer.NN;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Training;

/// <summary>Parameters that fine-tuning leaves as they are.</summary>
public static class FrozenParameters
{
    /// <summary>
    /// Takes the parameters whose names match a pattern out of training: <c>layers.0.*</c>, <c>*.norm?.weight</c>. Batch norms all of
    /// whose parameters are taken out keep their statistics, too; call <see cref="KeepStatistics"/> after every <see cref="Module.Train"/>.
    /// </summary>
    /// <returns>Values taken out.</returns>
    /// <exception cref="ConfigurationException">A pattern matches nothing, or nothing is left to train.</exception>
    public static long Apply(Module model, IReadOnlyList<string> patterns)
    {
        (string Name, Parameter Parameter)[] all = [.. model.NamedParameters()];
        foreach (string pattern in patterns)
        {
            Parameter[] matches = [.. all.Where(entry => FileSystemName.MatchesSimpleExpression(pattern, entry.Name, ignoreCase: false)).Select(entry => entry.Parameter)];
            if (matches.Length == 0)
                throw new ConfigurationException($"TRAIN.FREEZE: no parameter is called '{pattern}'. Names are such as {all[0].Name} and {all[^1].Name}; * stands for anything.");
            foreach (Parameter parameter in matches)
                parameter.RequiresGrad = false;
        }

        if (all.All(entry => !entry.Parameter.RequiresGrad))
            throw new ConfigurationException("TRAIN.FREEZE: the patterns leave nothing to train. Leave out the head's.");
        return all.Where(entry => !entry.Parameter.RequiresGrad).Sum(entry => entry.Parameter.Count);
    }

    /// <summary>Puts the batch norms that do not train into evaluation mode.</summary>
    public static void KeepStatistics(Module model)
    {
        foreach (Module module in model.Modules())
        {
            if (module is BatchNorm2d && module.Parameters().All(parameter => !parameter.RequiresGrad))
                module.Evaluate();
        }
    }
}
