#:property TargetFramework=net10.0
#:property PublishAot=false
#:property ManagePackageVersionsCentrally=false
#:property RestorePackagesWithLockFile=false
#:property EnforceCodeStyleInBuild=false
#:package PublicApiGenerator@11.5.4
// Writes the public API of libraries as text, one file each.
// usage: dotnet run --file eng/public-api.cs -- FOLDER LIBRARY…
using System.Reflection;
using PublicApiGenerator;

var options = new ApiGeneratorOptions { IncludeAssemblyAttributes = false };
foreach (string library in args[1..])
{
    string text = Assembly.LoadFrom(Path.GetFullPath(library)).GeneratePublicApi(options);
    File.WriteAllText(Path.Combine(args[0], Path.GetFileNameWithoutExtension(library) + ".txt"), text.ReplaceLineEndings("\n") + "\n");
}
